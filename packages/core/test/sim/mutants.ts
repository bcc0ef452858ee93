// Deliberately broken builds: one text of the production code replaced by another, and what must find it.

export interface Mutation {
  /** Below packages/core/src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A second text of the same file, for what cannot be broken in one place. */
  readonly also?: { readonly from: string; readonly to: string };
}

export type Finder =
  | "scenario 1"
  | "scenario 2"
  | "scenario 5"
  | "tells"
  | "simulate"
  | "sagas: done"
  | "sagas: budget spent"
  | "sagas: answers lost"
  | "sagas: left alone"
  | "plans";

export interface Mutant extends Mutation {
  /** What is wrong with it: subject of "is caught by". */
  readonly name: string;
  /** Who finds it: a scenario of the island, or the whole system that `simulate` is tested with. */
  readonly by: Finder;
  /** How: what the failure says. */
  readonly says: RegExp;
  /** Seeds within which it is found. */
  readonly seeds: number;
}

const depart = "if (!rests && confirmed === true) return leave(message, answer, this, this.#committed.offset);";

export const mutants: readonly Mutant[] = [
  {
    name: "a reply that leaves before its commit",
    file: "entity/resident.ts",
    from: depart,
    to: "return leave(message, answer, this, this.#committed.offset);",
    by: "scenario 1",
    says: /nothing before its commit: (put|clear|touch) c\d+ .* was answered before its record was on the disk/,
    seeds: 20,
  },
  {
    name: "a rejection that leaves before the version it was decided on is committed",
    file: "entity/resident.ts",
    from: depart,
    to: 'if ((!rests && confirmed === true) || ("kind" in answer && answer.kind === "rejection")) return leave(message, answer, this, this.#committed.offset);',
    by: "scenario 2",
    says: /(nothing before its commit|acknowledged, in the log): put c\d+ of ledger\/\w+ was answered/,
    seeds: 100,
  },
  {
    name: "a query that is answered from speculative state",
    file: "entity/resident.ts",
    from: "this.#depart(this.#pending.last(), message, answerTo(",
    to: "this.#depart(undefined, message, answerTo(",
    by: "scenario 2",
    says: /nothing before its commit: count of \w+ shows version \d+, the disk has \d+/,
    seeds: 50,
  },
  {
    name: "a duplicate that is answered before the commit it repeats",
    file: "entity/resident.ts",
    from: "return this.#depart(pending, message, repeatedAnswer(",
    to: "return this.#depart(undefined, message, repeatedAnswer(",
    by: "scenario 2",
    says: /nothing before its commit: put c\d+ .* was answered before its record was on the disk|command c\d+ was answered differently/,
    seeds: 100,
  },
  {
    name: "a reread after an ambiguous commit without a newer epoch",
    file: "journal/log-writer.ts",
    from: "epoch: await within(takeOver(journal, partition, log.epoch))",
    to: "epoch: log.epoch + 0 * takeOver.length",
    by: "scenario 1",
    says: /only this writer appends while it holds the partition|told no, never in the log/,
    seeds: 1_000,
  },
  {
    name: "an ambiguous commit that is taken for a failed one",
    file: "journal/group-commit.ts",
    from: 'if (error.kind === "ambiguous" || error.kind === "damaged")',
    to: 'if (error.kind === "damaged")',
    by: "scenario 1",
    says: /told no, never in the log: |strong read: /,
    seeds: 100,
  },
  {
    name: "a time-out that is called a no",
    file: "base/failure.ts",
    from: 'title: "No answer within the deadline",\n    outcome: "unknown"',
    to: 'title: "No answer within the deadline",\n    outcome: "not-delivered"',
    by: "scenario 1",
    says: /told no, never in the log: .* failed with DEADLINE and is in the log/,
    seeds: 100,
  },
  {
    name: "speculative state that survives a failed commit",
    file: "entity/resident.ts",
    from: "this.#state = this.#committed.state;\n    this.#version = this.#committed.version;",
    to: "",
    by: "scenario 2",
    says: /version: |decide: /,
    seeds: 50,
  },
  {
    name: "a forgotten command id that is applied again",
    file: "entity/receipts.ts",
    from: "return timeless ? this.#forgotten !== undefined && this.#forgotten.has(hash53(id)) : minted <= this.#floor;",
    to: "return false;",
    by: "scenario 2",
    says: /apply once: put c\d+ of ledger\/a is in the log twice|command c\d+ was answered differently/,
    seeds: 200,
  },
  {
    name: "receipts that are not brought back with the state",
    file: "entity/recovery.ts",
    from: "remembered.fold(record, offset, shared);",
    to: "",
    by: "scenario 5",
    says: /apply once: \w+ c\d+ of ledger\/\w+ is in the log twice/,
    seeds: 200,
  },
  {
    name: "receipts that a snapshot leaves out",
    file: "entity/recovery.ts",
    from: "Remembered.restore(receiptsMax, base.remembered, shared) : nothing();",
    to: "nothing() : nothing();",
    by: "simulate",
    says: /apply once: \w+ \S+ of account\/\w is in the log twice/,
    seeds: 200,
  },
  {
    name: "a snapshot of speculative state",
    file: "entity/resident.ts",
    from: "const { version, offset, state } = this.#committed;",
    to: "const { version, offset } = this.#committed; const state = this.#state;",
    by: "simulate",
    says: /snapshot = fold\(log\): the snapshot of account\/\w|decide at its place: decide is not pure: \w+ \S+ of account\/\w/,
    seeds: 400,
  },
  {
    name: "an index that claims records which it does not know",
    file: "journal/tail.ts",
    from: "entities, snapshots, alarms };",
    to: "entities: entities.slice(1), snapshots, alarms };",
    by: "scenario 5",
    says: /chain: |index = fold\(log\): |apply once: /,
    seeds: 20,
  },
  {
    name: "a recovery that believes the index instead of the tail",
    file: "entity/recovery.ts",
    from: "const entry = unindexed ?? indexed.entry;",
    to: "const entry = indexed.entry ?? unindexed;",
    by: "scenario 5",
    says: /chain: |version: |decide: |apply once: /,
    seeds: 200,
  },
  {
    name: "an entity that is taken for new although the index knows it",
    file: "journal/log-writer.ts",
    from: "this.tail.lookup(partition, type, key) === undefined && !this.journal.mayHold(partition, type, key)",
    to: "this.tail.lookup(partition, type, key) === undefined",
    by: "scenario 5",
    says: /apply once: \w+ c\d+ of ledger\/\w+ is in the log twice|chain: \w+ c\d+ of ledger\/\w+ points to -1/,
    seeds: 200,
  },
  {
    name: "an entity that is taken for new although the tail knows it",
    file: "journal/log-writer.ts",
    from: "this.tail.lookup(partition, type, key) === undefined && !this.journal.mayHold(partition, type, key)",
    to: "!this.journal.mayHold(partition, type, key)",
    by: "scenario 5",
    says: /apply once: \w+ c\d+ of ledger\/\w+ is in the log twice|chain: \w+ c\d+ of ledger\/\w+ points to -1/,
    seeds: 200,
  },
  {
    name: "an uncommitted answer of a query, seen from outside",
    file: "entity/resident.ts",
    from: "this.#depart(this.#pending.last(), message, answerTo(",
    to: "this.#depart(undefined, message, answerTo(",
    by: "simulate",
    says: /reads are committed and fresh: account\/\w\.balance was answered from version \d+/,
    seeds: 400,
  },
  {
    name: "a host that keeps more entities than it may",
    file: "entity/host.ts",
    from: "if (this.#residents.size >= residentsMax && ",
    to: "if (this.#residents.size < 0 && ",
    by: "simulate",
    says: /bounds: atoll_entities_resident\{.*\} is \d, 4 are allowed/,
    seeds: 50,
  },
  {
    name: "an index write that is not repeated after it has failed",
    file: "journal/tail.ts",
    from: "if (this.#partitions.some((tail) => tail.entries.size > 0 || tail.due.size > 0)) this.#schedule();",
    to: "",
    by: "simulate",
    says: /settles: 300000 virtual ms after the last fault partition \d of accounts is indexed to \d+, its head is \d+/,
    seeds: 200,
  },
  {
    name: "an entity that forgets what it was told",
    file: "entity/marks.ts",
    from: "return mark !== undefined && place <= mark;",
    to: "return mark !== undefined && place < 0;",
    by: "tells",
    says: /apply once: hear told-\w+-\d+ of sink\/\w+ is in the log twice/,
    seeds: 20,
  },
  {
    name: "marks that a snapshot leaves out",
    file: "entity/remembered.ts",
    from: "for (const [stream, place] of marks) restored.#marks.committed([shared(stream), place]);",
    to: "void [marks, shared];",
    by: "tells",
    says: /apply once: hear told-\w+-\d+ of sink\/\w+ is in the log twice/,
    seeds: 200,
  },
  {
    name: "a mark of what turned out not to be in the log",
    file: "entity/marks.ts",
    from: "this.#speculative = undefined;",
    to: "",
    by: "tells",
    says: /nothing lost: /,
    seeds: 100,
  },
  {
    name: "a cursor that moves before what was told is delivered",
    file: "subscription/progress.ts",
    from: "return this.#open.peek()?.offset ?? this.#taken;",
    to: "return this.#taken;",
    by: "tells",
    says: /nothing lost: |in order: /,
    seeds: 100,
  },
  {
    name: "a follower that is shown what is not durable yet",
    file: "journal/log-writer.ts",
    from: "    this.#commits.push(submission);",
    to: "    log.feed.committed(submission.line);\n    this.#commits.push(submission);",
    also: { from: "    log.feed.committed(submission.line);\n    submission.sink", to: "    submission.sink" },
    by: "tells",
    says: /told what was published: |told or parked: |nothing lost: |told once: |in order: |settles: |the log holds every record below/,
    seeds: 100,
  },
  {
    name: "two commands of one stream under way to one entity",
    file: "subscription/deliverer.ts",
    from: "let lane = this.#lanes.get(target);",
    to: "let lane: Lane | undefined;",
    by: "tells",
    says: /nothing lost: |in order: /,
    seeds: 100,
  },
  {
    name: "a handler that is answered before what it told is in the log",
    file: "handlers/host.ts",
    from: "if (telling) await telling;",
    to: "if (telling) telling.catch(() => undefined);",
    by: "tells",
    says: /acknowledged, in the log: /,
    seeds: 100,
  },
  {
    name: "a saga that undoes in the order in which it did",
    file: "saga/undo.ts",
    from: "state.entries.toReversed()",
    to: "state.entries",
    by: "sagas: budget spent",
    says: /undo in reverse: saga o0: it did reserve\/1,charge\/1 and undid reserve\/1,charge\/1/,
    seeds: 1,
  },
  {
    name: "a step that leaves before the result it rests on is on disk",
    file: "saga/gate.ts",
    from: "held && held.after <= this.#durable;",
    to: "held;",
    by: "sagas: done",
    says: /durable before the next: o0 is charged, and its reservation is not in its journal/,
    seeds: 1,
  },
  {
    name: "a step that is asked again under another id",
    file: "saga/machine.ts",
    from: "const id = `${this.#state.run}/",
    to: "const id = `${this.#state.run}${this.#stage.now()}/",
    by: "sagas: answers lost",
    says: /once in its effect|same id|a saga ends|stock:/,
    seeds: 1,
  },
  {
    name: "a saga at work that nothing brings back after a crash",
    file: "saga/state.ts",
    from: 'case "running":\n    case "undoing":\n    case "parked":\n      return 0;',
    to: 'case "running":\n      return undefined;\n    case "undoing":\n    case "parked":\n      return 0;',
    by: "sagas: left alone",
    says: /a saga ends: saga o0: it is running when everything is at rest/,
    seeds: 1,
  },
  {
    name: "a node that takes back by itself what it has lost",
    file: "cluster/ownership.ts",
    from: 'if (plan.owner !== self || plan.epoch <= tenure.known) return tenure;\n      return plan.leaving ? aware(tenure, plan.epoch) : { kind: "acquiring", epoch: plan.epoch, known: tenure.known };',
    to: 'if (plan.owner !== self || plan.leaving) return aware(tenure, plan.epoch);\n      return { kind: "acquiring", epoch: Math.max(plan.epoch, tenure.known + 1), known: tenure.known };',
    by: "plans",
    says: /O3: only what is granted is acquired|a partition is taken over only with cause/,
    seeds: 1,
  },
  {
    name: "a grant under an epoch that somebody has had",
    file: "cluster/registry.ts",
    from: "const epoch = (known[p] ?? 0) + 1;",
    to: "const epoch = known[p] ?? 0;",
    by: "plans",
    says: /G1: |one writer: /,
    seeds: 1,
  },
  {
    name: "a grant while the owner before is still leaving",
    file: "cluster/registry.ts",
    from: "if (owner === undefined || (owner.silent",
    to: "if (owner === undefined || partition.leaving || (owner.silent",
    by: "plans",
    says: /G2: nobody loses a grant without cause|a partition is taken over only with cause/,
    seeds: 1,
  },
  {
    name: "an owner that says it has released what it is still releasing",
    file: "cluster/ownership.ts",
    from: 'case "releasing":\n      return { holds: true',
    to: 'case "releasing":\n      return { holds: tenure.kind === "held"',
    by: "plans",
    says: /a partition is taken over only with cause/,
    seeds: 1,
  },
  {
    name: "a node that sends messages on while its own grant is on its way",
    file: "cluster/ownership.ts",
    from: 'if (isMine(state.self, plan) && plan.epoch > over) return "hold";',
    to: "",
    by: "plans",
    says: /every message is taken in the end/,
    seeds: 1,
  },
];
