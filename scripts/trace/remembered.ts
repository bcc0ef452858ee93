// A system in which everything goes on because of something else: handlers that tell, a subscription, a saga that sleeps, requests
// that are answered 202, plain handlers. Whoever is told or asked says in which trace.
import { contract, entity, Failure, handlers, saga, service, subscription, system, unavailable, type Moment } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

export const span = "00f067aa0ba902b7";
export const idOf = (n: number): string => n.toString(16).padStart(32, "a");
export const traceparent = (n: number): string => `00-${idOf(n)}-${span}-01`;

const Back = contract("back", { version: 1, access: { work: "any", undo: "any" }, commands: { work: { in: z.string() }, undo: {} } });
export const Note = contract("note", {
  version: 1,
  key: z.string(),
  access: { write: "any", noted: "any" },
  commands: { write: { in: z.string() } },
  topics: { noted: z.object({ text: z.string() }) },
});
export const Desk = contract("desk", { version: 1, access: { tell: "any" }, commands: { tell: { in: z.string() } } });
const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  access: { start: "any" },
  commands: { start: { in: z.object({ back: z.boolean() }), rejects: { Back: z.object({}) } } },
});

interface Run {
  readonly who: string;
  readonly trace: string | undefined;
}

/** What the runs of handlers saw, and whether "back" can be reached. */
export class Stage {
  readonly runs: Run[] = [];
  open: boolean;
  /** Whether what "back" is told can never be done, so that it is parked. */
  refuses = false;
  readonly #waiting: { readonly count: number; readonly reached: () => void }[] = [];

  constructor(open: boolean) {
    this.open = open;
  }

  add(run: Run): void {
    this.runs.push(run);
    for (const { count, reached } of this.#waiting) if (this.runs.length >= count) reached();
  }

  /** Resolves once there were so many runs. */
  reached(count: number): Promise<void> {
    return this.runs.length >= count ? Promise.resolve() : new Promise((reached) => this.#waiting.push({ count, reached }));
  }
}

export function remembered(stage: Stage) {
  const seen = (who: string, cx: Moment & { readonly trace: string | undefined }): void => stage.add({ who, trace: cx.trace });
  const back = handlers(Back, {
    handle: {
      work: (text, cx) => {
        if (stage.refuses) throw new Failure("DEFECT", { what: "it cannot do that" });
        if (!stage.open) throw unavailable("it is away");
        seen(text, cx);
      },
      undo: (_, cx) => seen("undo", cx),
    },
  });
  const note = entity(Note, {
    state: z.object({}),
    initial: {},
    events: { Written: z.object({ text: z.string() }) },
    decide: { write: (_, text, turn) => turn.emit("Written", { text }) },
    evolve: { Written: (s) => s },
    publish: { noted: { Written: (e) => e } },
  });
  const desk = handlers(Desk, {
    handle: {
      tell: async (text, cx) => {
        seen("desk", cx);
        if (text === "note") await cx.tell(Note, "n").write(text);
        else await cx.tell(Back).work(text);
      },
    },
  });
  const passOn = subscription("pass-on", Note.noted, ({ text }, tell) => [tell(Back).work(`${text} 1`), tell(Back).work(`${text} 2`)]);
  const trip = saga(Trip.start, 1, async (run, { back: turns }) => {
    await run.step("out", (at) => at(Back).work("out"), { undo: (at) => at(Back).undo() });
    await run.sleep("night", "10s");
    await run.step("home", (at) => at(Back).work("home"));
    return turns ? run.reject("Back", {}) : undefined;
  });
  return system("remembered", {
    services: [
      service("back", [back]),
      service("notes", [note], { limits: { partitions: 2 } }),
      service("desk", [desk], { limits: { partitions: 2 } }),
      service("readers", [passOn], { limits: { partitions: 2 } }),
      service("trips", [trip], { limits: { partitions: 2 } }),
    ],
    gateway: gateway(
      [
        route("POST /notes/:id", Note.write, { key: (r) => r.params.id, input: () => "noted" }),
        route("POST /told", Desk.tell, { input: () => "told" }),
        route("POST /told-note", Desk.tell, { input: () => "note" }),
        route("POST /trips/:id", Trip.start, {
          key: (r) => r.params.id,
          input: () => ({ back: true }),
          within: "10h",
          reply: { later: () => "/" },
        }),
        route("POST /later", Back.work, { input: () => "accepted", reply: { later: () => "/" } }),
      ],
      {
        http: (app, at) => {
          app.post("/repeated", async (c) => {
            await at(Desk).tell("told", { commandId: "one" });
            return c.body(null, 204);
          });
          app.post("/plain/:text", async (c) => {
            const text = c.req.param("text");
            await at(Back).work(`${text} first`);
            await Promise.all([at(Back).work(`${text} second`), at(Desk).tell(`${text} told`)]);
            return c.body(null, 204);
          });
        },
      },
    ),
  });
}

/** Who ran in which trace, and whether it is sampled. */
export const shown = (runs: readonly Run[]): unknown => runs.map(({ who, trace }) => [who, trace?.slice(3, 35), trace?.slice(53)]);

export const byName = (runs: readonly Run[]): readonly Run[] => runs.toSorted((a, b) => (a.who < b.who ? -1 : 1));
