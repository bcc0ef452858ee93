// Whether a run of a saga's function can be repeated: played a second time from its journal, it must ask for the same, at
// the same moments, and end the same. What differs comes from outside of the journal: a clock, chance, a variable.
import type { Entry } from "./event.ts";
import { Play } from "./play.ts";
import type { Stage } from "./stage.ts";

/** Plays it again; `done` hears where the two part, or undefined. */
export function repeat(
  first: Play,
  entries: readonly Entry[],
  stage: Pick<Stage, "afterwards">,
  done: (difference: string | undefined) => void,
): void {
  const second = new Play(first.saga, first.beginning, true, () => {});
  let next = 0;
  const tell = (act: () => void): void => {
    second.listening = true;
    act();
    stage.afterwards(() => {
      second.listening = false;
      const entry = entries[next];
      next += 1;
      if (entry) tell(() => void second.take(entry));
      else done(difference(first.script ?? [], second.script ?? []));
    });
  };
  tell(() => second.begin());
}

function difference(first: readonly string[], second: readonly string[]): string | undefined {
  const at = first.findIndex((line, i) => line !== second[i]);
  if (at === -1 && first.length === second.length) return undefined;
  const place = at === -1 ? first.length : at;
  const said = (line: string | undefined): string => (line === undefined ? "nothing more" : line.replace(/^\d+ /, ""));
  return `its definition is not deterministic: played again, it came to ${said(second[place])} instead of ${said(first[place])}`;
}
