// Why the driver of a virtual world gave up. The message carries the seed and the last events, so that a failing test
// shows at once what the world was doing.

export type SimulationErrorKind =
  /** The step budget is used up: a livelock, or a budget that is too small. */
  | "steps"
  /** Nothing is left that could happen, and what was waited for has not. */
  | "quiescent";

export class SimulationError extends Error {
  override readonly name = "SimulationError";
  readonly kind: SimulationErrorKind;

  constructor(kind: SimulationErrorKind, what: string) {
    super(what);
    this.kind = kind;
  }
}
