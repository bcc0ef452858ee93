// Tells the story of a run (story.ts) from inside of the system: handlers that begin and end, what they ask of others, what
// entities decide, and what comes to be on disk. It wraps the author's functions and changes nothing of what they do.
import type { At, Every, Implementation, Moment, System } from "@atoll/core";
import type { AnyContract } from "@atoll/core/contract";
import type { AnyEntity } from "@atoll/core/entity";
import { placedRecords, type PlacedRecord, type SimulatedDisk } from "@atoll/core/journal/simulated";
import { mapParts, mapTable } from "./stand-in.ts";
import type { Story } from "./story.ts";
import { errorLine, shortText } from "./text.ts";

/** `system`, the same in all it does, whose handlers and entities tell what they do. */
export function narrated(system: System, story: Story): System {
  return mapParts(system, (part) => {
    if (isEntity(part)) return entityTold(part, story);
    return isHandlers(part) ? handlersTold(part, story) : part;
  });
}

/** Handlers and adapters, as far as they are looked at here. */
interface AnyHandlers extends Implementation {
  readonly how: { readonly handle: Parameters<typeof mapTable>[0] };
}

const isEntity = (part: Implementation): part is AnyEntity => part.kind === "entity";
const isHandlers = (part: Implementation): part is AnyHandlers => part.kind === "handlers" || part.kind === "adapter";

/** What comes to be on `disk` is told in the moment in which it is there. */
export function tellCommits(disk: SimulatedDisk, story: Story): void {
  disk.onCommitted = (service, row) => {
    for (const { record } of placedRecords([row])) story.tell(`disk of ${service}`, recordText(record, story));
  };
}

export const inputText = (input: unknown): string => (input === undefined ? "" : ` ${shortText(input)}`);

function recordText({ type, key, command, id, version, events, reply, rejected, told }: PlacedRecord["record"], story: Story): string {
  const happened = events.map(([name, , data]) => `${name} ${shortText(data)}`).join(", ");
  const answer = rejected
    ? `rejected with ${rejected[0]} ${shortText(rejected[1])}`
    : reply === undefined
      ? ""
      : `answer ${shortText(reply)}`;
  const what = [happened || "no event", answer].filter((part) => part !== "").join("; ");
  return `${addressText(type, key)}.${command} ${told ? "(told)" : story.name(id)} is on disk: ${what} (version ${version})`;
}

const addressText = (type: string, key: string): string => (key === "" ? type : `${type}/${key}`);

function entityTold(entity: AnyEntity, story: Story): AnyEntity {
  const { name } = entity.contract.$;
  const decide = mapTable(entity.how.decide, (original, command) => (state, input, turn) => {
    const { key, version, caller } = turn as Moment;
    story.tell(addressText(name, key), `decides ${command}${inputText(input)} for ${caller}, at version ${version}`);
    return original(state, input, turn);
  });
  return Object.freeze({ ...entity, how: Object.freeze({ ...entity.how, decide }) });
}

interface Context extends Moment {
  readonly at: At;
  readonly every: Every;
  readonly commandId: string;
}

function handlersTold(handlers: AnyHandlers, story: Story): AnyHandlers {
  const { name } = handlers.contract.$;
  const handle = mapTable(handlers.how.handle, (original, operation) => (input, given, more) => {
    const cx = given as Context;
    const run = `${addressText(name, cx.key)}.${operation}${cx.commandId === "" ? "" : ` ${story.name(cx.commandId)}`}`;
    story.tell(run, `begins${inputText(input)} for ${cx.caller}`);
    const told = new Proxy(cx, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member, target);
        if (member === "at") return toldBy(value as At, "asks", (what) => story.tell(run, what));
        return member === "every" ? toldBy(value as Every, "asks every", (what) => story.tell(run, what)) : value;
      },
    });
    const answering: unknown = original(input, told, more);
    void Promise.resolve(answering).then(
      (value) => story.tell(run, `ends with ${shortText(value)}`),
      (error: unknown) => story.tell(run, `fails: ${errorLine(error)}`),
    );
    return answering;
  });
  return Object.freeze({ ...handlers, how: Object.freeze({ ...handlers.how, handle }) });
}

type Ask = (...given: readonly unknown[]) => Promise<unknown>;

function toldBy<T extends At | Every>(at: T, asks: string, tell: (what: string) => void): T {
  const told = (contract: AnyContract, key?: unknown): object => {
    const reference = (at as unknown as (contract: AnyContract, key?: unknown) => { readonly [operation: string]: Ask })(contract, key);
    const { operations, name } = contract.$;
    return Object.fromEntries(
      Object.values(operations).map((to) => [
        to.name,
        (...given: readonly unknown[]) => {
          const what = `${addressText(name, key === undefined ? "" : shortText(key))}.${to.name}`;
          tell(`${asks} ${what}${to.operation.in === undefined ? "" : inputText(given[0])}`);
          const answering = (reference[to.name] as Ask)(...given);
          answering.then(
            (answer) => tell(`${what} answered ${shortText(answer)}`),
            (error: unknown) => tell(`${what} failed: ${errorLine(error)}`),
          );
          return answering;
        },
      ]),
    );
  };
  return told as unknown as T;
}
