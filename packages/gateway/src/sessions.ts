// What clients have seen (ADR 0018): the session that a request brings as `Atoll-Session`, and the one that answers take along.
import { Failure } from "@atoll/core";
import { type Edge, Session } from "@atoll/core/edge";
import type { HeaderFields } from "./edge-request.ts";
import { Problem } from "./problem.ts";

export const sessionHeader = "atoll-session";

export class Sessions {
  readonly #edge: Edge;
  /** Of all clients that bring none. */
  readonly #shared = new Session();
  /** What was written before the gateway came up, they have seen: it is in `shared` once it is known. */
  #known = false;

  constructor(edge: Edge) {
    this.#edge = edge;
    void this.#learn();
  }

  async #learn(): Promise<void> {
    this.#shared.merge(await this.#edge.heads());
    this.#known = true;
  }

  /** Throws a `Problem` MALFORMED for a token that is none. */
  of(headers: HeaderFields): Session {
    const token = headers.get(sessionHeader);
    if (token === null) return this.#known ? this.#shared : Session.everything();
    try {
      return Session.parse(token.trim());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const detail = error.issues.map((issue) => issue.detail).join("; ");
      throw new Problem("MALFORMED", {
        detail: `The header Atoll-Session is not valid: ${detail}. Send back what an answer brought, or nothing.`,
      });
    }
  }

  get shared(): Session {
    return this.#shared;
  }

  /** What was carried out in another request, or before this process, left no positions behind: everything there is now holds it. */
  async sawAll(session: Session): Promise<void> {
    session.merge(await this.#edge.heads());
  }
}
