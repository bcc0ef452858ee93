// given / when / then: a rule of an entity, the course of a saga (saga-given.ts), what a subscription tells (subscription-given.ts),
// what a read model shows (read-model-given.ts), or what a request calls and is answered (route-given.ts), as one sentence. For
// entities pure and synchronous: no journal, no clock, no system.
//
//   given(stock, "tea").had("Delivered", { qty: 1 }).when("reserve", { orderId: "b", qty: 2 }).rejects("SoldOut", { left: 1 });
import type { System } from "@atoll/core";
import type { Given, In, Part, Rejects, ReplyGiven, Schema } from "@atoll/core/contract";
import type { Gateway } from "@atoll/core/edge";
import type { Entity } from "@atoll/core/entity";
import type { Saga } from "@atoll/core/saga";
import type { Subscription } from "@atoll/core/subscription";
import { beginning, type Beginning } from "./saga-given.ts";
import { folded, type Folded } from "./read-model-given.ts";
import type { ReadModelPart } from "./read-model-stage.ts";
import { listening, type Listening } from "./route-given.ts";
import { hearing, type Hearing } from "./subscription-given.ts";
import { Scene, type Circumstances } from "./scene.ts";
import { Expectations } from "./then.ts";

/** The input of an operation as its sender writes it; no argument for one without input. */
type Input<O> = In<O> extends Schema ? [input: Given<In<O>>] : [];

/** An entity with a past. Immutable: one beginning can be told on in several ways. */
export interface Past<D, E> {
  /** Adds an event to the past, in its newest version. Fails if its data does not match its schema, or evolve throws. */
  had<K extends keyof E>(event: K, data: Given<E[K]>): Past<D, E>;
  /** What follows happens at this time (wall clock, ms; 2026-01-01 at first) and is asked by this caller ("test" at first). */
  under(circumstances: Partial<Circumstances>): Past<D, E>;
  /** Runs the command, which must not fail; then say what is expected. */
  when<C extends keyof Part<D, "commands">>(command: C, ...input: Input<Part<D, "commands">[C]>): Then<E, Part<D, "commands">[C]>;
  /** Runs the query. */
  asked<Q extends keyof Part<D, "queries">>(query: Q, ...input: Input<Part<D, "queries">[Q]>): Answered<Part<D, "queries">[Q]>;
}

export interface Answered<O> {
  /** The reply, compared in the form in which its receiver reads it. */
  replies(value: ReplyGiven<O>): void;
  rejects<K extends keyof Rejects<O>>(name: K, details: Rejects<O>[K]): void;
}

/** Each `emits` is about the next event; `replies` and `rejects` also say that there was no other. */
export interface Then<E, O> extends Answered<O> {
  /** The next event, its data compared in the form in which evolve reads it. */
  emits<K extends keyof E>(event: K, data: Given<E[K]>): Then<E, O>;
}

/** 2026-01-01T00:00:00.000Z */
const nowMs = 1_767_225_600_000;

/**
 * An entity that nothing has happened to yet. Whatever is not as expected throws an `AssertionError` that says what
 * differs, where, and everything that led there. Everything runs twice: a decide, evolve or query that is not pure fails.
 */
export function given<D, E, S>(entity: Entity<D, E, S>, key?: string): Past<D, E>;
/** A saga that was not started yet: saga-given.ts. */
export function given<D, O>(saga: Saga<D, O>, key?: string): Beginning<D, O>;
/** A subscription that hears of something: subscription-given.ts. */
export function given<D, M>(subscription: Subscription<D, M>): Hearing<M>;
/** A read model whose sources nothing has happened to yet: read-model-given.ts. */
export function given<D>(readModel: ReadModelPart<D>): Folded<D>;
/** The gateway of a system, or one of a few routes, `gateway([route(…)])`, that nobody has asked anything: route-given.ts. */
export function given(edge: System | Gateway): Listening;
export function given<D, E, S, O, M>(
  of: Entity<D, E, S> | Saga<D, O> | Subscription<D, M> | ReadModelPart<D> | System | Gateway,
  key = "test",
): Past<D, E> | Beginning<D, O> | Hearing<M> | Folded<D> | Listening {
  if (of.kind === "subscription") return hearing(of);
  if (of.kind === "gateway" || of.kind === "system") return listening(of);
  const circumstances: Circumstances = { caller: "test", now: nowMs };
  if (of.kind === "readModel") return folded(of, circumstances);
  return of.kind === "saga" ? beginning(of, key, circumstances) : past(Scene.open(of, key, circumstances));
}

function past<D, E>(scene: Scene): Past<D, E> {
  return {
    had: (event, data) => past(scene.had(String(event), data)),
    under: (circumstances) => past(scene.under(circumstances)),
    when: (command, ...[input]) => {
      const { verdict, story } = scene.decide(String(command), input);
      return new Expectations(scene, story, verdict.events, verdict.outcome) as unknown as Then<E, never>;
    },
    asked: (query, ...[input]) => {
      const { outcome, story } = scene.query(String(query), input);
      return new Expectations(scene, story, [], outcome) as unknown as Answered<never>;
    },
  };
}
