// A sentence that nobody ends says nothing, and a test that says nothing must not pass.
import { AssertionError } from "node:assert";

/**
 * Looks after the turn in which `begins` was called whether the sentence was ended: what `unended` says of it then becomes an
 * unhandled rejection, which every runner counts as a failure, at the place where the sentence began.
 */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- what V8 takes stacks above of
export function mustEnd(begins: Function, unended: () => string | undefined): void {
  const begun: { stack?: string } = {};
  Error.captureStackTrace(begun, begins);
  const { stack = "" } = begun;
  void Promise.resolve().then(() => {
    const message = unended();
    if (message === undefined) return;
    const error = new AssertionError({ message, operator: "given" });
    error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf("\n"))}`; // the stack at its end says nothing
    throw error;
  });
}
