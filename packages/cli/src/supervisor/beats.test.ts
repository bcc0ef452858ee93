// Beats by themselves: the laws B1 to B5.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type BeatInput, type BeatNews, beatLimits, type Beats, newBeats, stepBeats } from "./beats.ts";

const { missedMax, wedgedAfter } = beatLimits;

class Trial {
  beats: Beats = newBeats;

  /** What became known, in order. */
  take(...inputs: readonly BeatInput[]): readonly BeatNews[] {
    return inputs.flatMap((input) => {
      const [beats, news] = stepBeats(this.beats, input);
      this.beats = beats;
      return news === undefined ? [] : [news];
    });
  }

  turns(count: number): readonly BeatNews[] {
    return this.take(...Array.from({ length: count }, () => "turn" as const));
  }
}

test("B2: a running process is silent after five turns without a beat, and heard with the next one; each is told once", () => {
  const trial = new Trial();
  trial.take("running");
  assert.deepEqual(trial.turns(missedMax - 1), []);
  assert.deepEqual(trial.take("beat"), []);
  assert.deepEqual(trial.turns(missedMax - 1), []);
  assert.deepEqual(trial.turns(1), ["silent"]);
  assert.deepEqual(trial.turns(5), []);
  assert.deepEqual([trial.take("beat", "beat"), trial.beats.silent], [["heard"], false]);
  assert.deepEqual(trial.turns(missedMax), ["silent"]);
});

test("B3 B4: before it runs a process is not silent, however long it takes between two beats; it is wedged when that is too long", () => {
  const trial = new Trial();
  assert.deepEqual(trial.turns(wedgedAfter - 1), []);
  trial.take("beat");
  assert.deepEqual(trial.turns(wedgedAfter - 1), []);
  assert.deepEqual(trial.turns(1), ["wedged"]);
  assert.deepEqual(trial.turns(1_000), []);
});

test("B4: a silent process that stays silent is wedged, once", () => {
  const trial = new Trial();
  trial.take("running");
  assert.deepEqual(trial.turns(10 * wedgedAfter), ["silent", "wedged"]);
});

test("B1 B2: whatever comes, silence and hearing alternate, and nobody is silent who has beaten within the last turns", () => {
  const input = fc.constantFrom<BeatInput>("beat", "running", "turn", "turn", "turn");
  fc.assert(
    fc.property(fc.array(input, { maxLength: 200 }), (inputs) => {
      const trial = new Trial();
      let [silent, since] = [false, 0];
      for (const next of inputs) {
        since = next === "turn" ? since + 1 : 0;
        for (const news of trial.take(next)) {
          if (news === "wedged") continue;
          assert.equal(news === "silent", !silent);
          silent = news === "silent";
        }
        if (next === "running") silent = false;
        assert.equal(trial.beats.silent, silent);
        assert(!silent || since >= missedMax);
        assert(silent || !trial.beats.running || since < missedMax);
      }
    }),
  );
});
