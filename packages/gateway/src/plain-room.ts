// What only a gateway with plain handlers needs, loaded when it is (`Gateway.load`): Hono, and its adapter, which turns Node's
// messages into `Request` and writes `Response` (its cheap forms of the two replace the global ones, as it does everywhere).
import { getRequestListener, RequestError } from "@hono/node-server";
import { respond } from "./answer.ts";
import type { ReceiveBody } from "./body.ts";
import { Problem, problemAnswer, problemOf } from "./problem.ts";
import type { Serve } from "./socket-answer.ts";
import { receiveFrom } from "./socket-request.ts";

export { PlainHandlers } from "./plain-handlers.ts";

/** `cut` ends the connection. */
export function serveResponses(handle: (request: Request, receive: ReceiveBody, cut: () => void) => Promise<Response>): Serve {
  const respondTo = (request: Request, incoming: Parameters<Serve>[0]): Promise<Response> =>
    handle(request, receiveFrom(incoming), () => incoming.socket.destroy());
  const serve = getRequestListener((request, { incoming }) => respondTo(request, incoming as Parameters<Serve>[0]), {
    errorHandler: (error) => respond(problemAnswer(error instanceof RequestError ? unreadable(error) : problemOf(error)), false),
  });
  return async (incoming, outgoing) => {
    await serve(incoming, outgoing);
  };
}

const unreadable = (cause: RequestError): Problem =>
  new Problem("MALFORMED", { detail: `The request cannot be read: ${cause.message}.`, cause });
