// Objects whose histories are judged in the tests, and a way to write such histories down.
import type { Operation } from "./history.ts";
import type { Sequential } from "./search.ts";

export type Asked =
  | { readonly write: number }
  | { readonly read: true }
  /** Sets `to` if `from` is there; says whether. */
  | { readonly swap: readonly [from: number, to: number] }
  | { readonly add: number }
  /** To a list. */
  | { readonly append: string }
  | { readonly list: true };

export type Answered = number | boolean | null | readonly string[];

interface Held {
  readonly value: number;
  readonly list: readonly string[];
}

/** A number that can be written, read, swapped and added to, and a list that can be appended to. */
export const object: Sequential<Held, Asked, Answered> = {
  initial: { value: 0, list: [] },
  apply: (held, asked) => {
    if ("write" in asked) return { state: { ...held, value: asked.write }, output: null };
    if ("read" in asked) return { state: held, output: held.value };
    if ("add" in asked) return { state: { ...held, value: held.value + asked.add }, output: held.value + asked.add };
    if ("append" in asked) return { state: { ...held, list: [...held.list, asked.append] }, output: null };
    if ("list" in asked) return { state: held, output: held.list };
    const [from, to] = asked.swap;
    return held.value === from ? { state: { ...held, value: to }, output: true } : { state: held, output: false };
  },
};

/** One line for each operation, in time from left to right: `  |w1--|  `; without the last bar it is open. */
export function drawn(...lines: readonly string[]): readonly Operation<Asked, Answered>[] {
  return lines.map((text) => {
    const called = text.indexOf("|");
    const returned = text.indexOf("|", called + 1);
    const [, word = "", input = "", output = ""] = /\|(w|r|s|\+|a|l)([^=\-|]*)=?([^\-|]*)/.exec(text) ?? [];
    const [asked, answer] = read(word, input, output);
    return { key: "k", input: asked, called, answer: returned < 0 ? undefined : { returned, output: answer } };
  });
}

function read(word: string, input: string, output: string): readonly [Asked, Answered] {
  switch (word) {
    case "w":
      return [{ write: Number(input) }, null];
    case "r":
      return [{ read: true }, Number(output)];
    case "s": {
      const [from = 0, to = 0] = input.split(">").map(Number);
      return [{ swap: [from, to] }, output === "yes"];
    }
    case "+":
      return [{ add: Number(input) }, Number(output)];
    case "a":
      return [{ append: input }, null];
    case "l":
    default:
      return [{ list: true }, output === "" ? [] : output.split(",")];
  }
}
