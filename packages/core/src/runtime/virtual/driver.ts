// Runs the steps of a virtual world, each in a turn of Node's own event loop, because only there are all microtasks of
// the step before certainly done. This is the only file of the room that touches Node.
//
// Immediates of one batch are separate turns without a look at sockets between them, which makes a turn ten times
// cheaper; the batch grows while there is work. When nothing is ready the loop goes round once as a whole before that
// counts: code that waits on something outside the ports for one round is then still found, instead of time running on.

const batchMax = 64;

/** What a world did in its turn. "idle": nothing is ready. */
export type Step = "ran" | "idle" | "over";

/** `step` is called until it says "over"; `idle` says what happens when nothing is ready. Rejects with what they throw. */
export async function drive(step: () => Step, idle: () => "go on" | "over"): Promise<void> {
  let thrown: { readonly error: unknown } | undefined;
  await new Promise<void>((resolve) => {
    let size = 1;
    let left = 1;
    /** Nothing was ready: the rest of the batch is passed over. */
    let resting = false;
    /** The batch before ended with nothing ready. */
    let rested = false;
    let over = false;

    const act = (): void => {
      const did = step();
      if (did === "ran") rested = false;
      else if (did === "over") over = true;
      else if (!rested) resting = true;
      else if (idle() === "over") over = true;
      else rested = false;
    };

    const turn = (): void => {
      left -= 1;
      if (!over && !resting) {
        try {
          act();
        } catch (error) {
          over = true;
          thrown = { error };
        }
        if (over) resolve();
      }
      if (left > 0 || over) return;
      size = resting ? 1 : Math.min(batchMax, size * 2);
      left = size;
      rested = resting;
      resting = false;
      for (let i = 0; i < size; i++) setImmediate(turn);
    };
    setImmediate(turn);
  });
  if (thrown) throw thrown.error;
}
