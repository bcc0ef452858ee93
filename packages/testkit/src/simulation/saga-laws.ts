// What must hold of the journals of sagas when everything is at rest: each has come to an end, or waits for a time or an
// operator, did nothing twice, and undid in reverse.
import { BrokenLaw, type PlacedRecord } from "@atoll/core/journal/simulated";
import { evolve, idText, unstarted, type SagaEvent, type SagaState } from "@atoll/core/saga";

interface Journal {
  state: SagaState;
  readonly events: SagaEvent[];
}

/** `saga`: name of the contract. Throws a `BrokenLaw` for the first saga that breaks one. */
export function checkSagas(saga: string, log: readonly PlacedRecord[]): void {
  const journals = new Map<string, Journal>();
  for (const { record } of log) {
    if (record.type !== saga || record.key === "") continue; // "" keeps the versions that were ever defined
    let journal = journals.get(record.key);
    if (!journal) journals.set(record.key, (journal = { state: unstarted, events: [] }));
    for (const [kind, , data] of record.events) {
      const event = { kind, ...(data as object) } as SagaEvent;
      journal.state = evolve(journal.state, event, record.caller);
      journal.events.push(event);
    }
  }
  for (const [key, { state, events }] of journals) {
    const broken = (law: string, what: string): never => {
      throw new BrokenLaw(law, `saga ${saga}/${key}: ${what}\n    ${events.map((event) => JSON.stringify(event)).join("\n    ")}`);
    };
    if (state.phase === "running" || state.phase === "undoing") broken("a saga ends, waits or is parked", `it is ${state.phase} at rest`);
    const steps = events.flatMap((event) =>
      event.kind === "Done" || event.kind === "Failed" || event.kind === "Rejected" ? [idText(event)] : [],
    );
    if (new Set(steps).size < steps.length) broken("a step comes to one thing", `it came twice to ${steps.join(", ")}`);
    const done = events.flatMap((event) =>
      event.kind === "Done" || (event.kind === "Failed" && event.never !== true) ? [idText(event)] : [],
    );
    const undone = events.flatMap((event) => (event.kind === "Undone" || event.kind === "Apologised" ? [idText(event)] : []));
    if (undone.length > 0 && state.cause === null) broken("undo after a turn", `it undid ${undone.join(", ")} and had not turned`);
    let last = done.length;
    for (const id of undone) {
      const place = done.lastIndexOf(id);
      if (place === -1 || place >= last) broken("undo in reverse", `it did ${done.join(", ")} and undid ${undone.join(", ")}`);
      last = place;
    }
    if (state.phase === "ended" && events.filter(({ kind }) => kind === "Ended").length !== 1)
      broken("one ending", "it ended more than once");
  }
}
