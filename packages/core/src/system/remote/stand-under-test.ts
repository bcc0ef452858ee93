// A node as those see it who ask it over links: it takes what it is asked, and answers when the test says so.
import type { Link, LinkHandler } from "../../transport/index.ts";
import { type Ask, readAsked, type Rest, response } from "./wire.ts";

export interface Taken {
  readonly n: number;
  readonly ask: Ask;
  readonly link: Link;
}

export class Stand {
  incarnation = "";
  readonly taken: Taken[] = [];
  readonly links: Link[] = [];
  /** Requests that their asker has given up. */
  readonly cancelled: number[] = [];

  readonly accept = (link: Link): LinkHandler => {
    this.links.push(link);
    return {
      message: (value) => {
        const { n, asked } = readAsked(value);
        if (asked.kind === "ask") this.took({ n, ask: asked, link });
        if (asked.kind === "cancel") this.cancelled.push(n);
      },
      room: () => undefined,
      closed: () => undefined,
    };
  };

  /** The newest. */
  get link(): Link | undefined {
    return this.links.at(-1);
  }

  /** To all that it has taken and not answered so far, which it returns. */
  say(rest: Rest): readonly Taken[] {
    const answered = this.taken.splice(0);
    for (const { n, link } of answered) link.send(response(n, rest));
    return answered;
  }

  protected took(taken: Taken): void {
    this.taken.push(taken);
  }
}

/** One that answers at once. */
export class PromptStand extends Stand {
  readonly asked: Ask[] = [];
  readonly #rest: Rest;

  constructor(rest: Rest) {
    super();
    this.#rest = rest;
  }

  protected override took({ n, ask, link }: Taken): void {
    this.asked.push(ask);
    link.send(response(n, this.#rest));
  }
}
