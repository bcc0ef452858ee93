// The registry by itself: G1 to G7, one after the other. Any course of events, with nodes and a log: cluster.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRegistry, leavingMax, planOf, type RegistryInput, type RegistryState, stepRegistry } from "./registry.ts";
import { hasHeir, isEmpty, isSettled, mayOwn, statusOf } from "./registry-status.ts";

/** A service whose nodes do at once what the plan says, unless they are told to dawdle. */
class Service {
  state: RegistryState = emptyRegistry;
  /** By incarnation, what it holds: partition and epoch. */
  readonly #held = new Map<string, Map<number, number>>();
  readonly #known: number[];
  moves = 0;

  constructor(partitions: number) {
    this.#known = Array.from({ length: partitions }, () => 0);
  }

  tell(...inputs: readonly RegistryInput[]): this {
    for (const input of inputs) this.state = stepRegistry(this.state, input);
    return this;
  }

  join(...names: readonly string[]): this {
    return this.tell(...names.map((name): RegistryInput => ({ kind: "joined", node: `node ${name}`, incarnation: name })));
  }

  run(...names: readonly string[]): this {
    return this.tell(...names.map((name): RegistryInput => ({ kind: "running", incarnation: name })));
  }

  report(name: string): this {
    const held = this.#held.get(name) ?? new Map<number, number>();
    const standing = this.#known.map((known, p) => ({ holds: held.has(p), epoch: held.get(p) ?? known }));
    const hosting = planOf(this.state).host === name ? { epochs: [...this.#known] } : undefined;
    return this.tell({ kind: "report", incarnation: name, report: { hosting, standing } });
  }

  /** The node does what the plan says now, and reports it. */
  obey(name: string): this {
    const held = this.#held.get(name) ?? new Map<number, number>();
    this.#held.set(name, held);
    for (const [p, { owner, epoch, leaving }] of planOf(this.state).partitions.entries()) {
      if (owner !== name || leaving) held.delete(p);
      else if (held.get(p) !== epoch) {
        held.set(p, epoch);
        this.moves += 1;
      }
      if (owner === name) this.#known[p] = Math.max(this.#known[p] ?? 0, epoch);
    }
    return this.report(name);
  }

  /** Everybody does what the plan says, until it says nothing new. */
  rest(): this {
    for (let rounds = 0, last; last !== planOf(this.state) || !isSettled(this.state); rounds++) {
      assert(rounds < 100, "it comes to rest");
      last = planOf(this.state);
      for (const { incarnation } of this.state.members) this.obey(incarnation);
    }
    return this;
  }

  #owned(): readonly string[] {
    return planOf(this.state).partitions.map(({ owner }) => owner ?? "-");
  }

  owners(): string {
    return this.#owned().join("");
  }

  /** The same in order of the owners. */
  shares(): string {
    return this.#owned().toSorted().join("");
  }

  states(): readonly string[] {
    return statusOf(this.state).map(({ state }) => state);
  }

  static up(partitions: number, ...names: readonly string[]): Service {
    const service = new Service(partitions).join(...names);
    service.report(names[0] as string).run(...names);
    service.rest().moves = 0;
    return service;
  }
}

const gone = (incarnation: string): RegistryInput => ({ kind: "ended", incarnation });

test("G6: the first node hosts while it starts, and owns everything as soon as it has said how many partitions there are", () => {
  const service = new Service(3).join("a", "b");
  assert.deepEqual([planOf(service.state).host, service.owners()], ["a", ""]);
  service.report("a");
  assert.deepEqual(
    planOf(service.state).partitions,
    [0, 1, 2].map(() => ({ owner: "a", epoch: 1, leaving: false })),
  );
  assert.deepEqual(service.states(), ["granted", "granted", "granted"]);
  service.obey("a");
  assert.deepEqual(service.states(), ["held", "held", "held"]);
});

test("G6: the host is kept while it lives, draining or silent; then comes who has been running for longest, then who starts, then who drains", () => {
  const service = Service.up(2, "a", "b", "c").join("d");
  service.tell({ kind: "draining", incarnation: "a" }, { kind: "silent", incarnation: "a" });
  assert.equal(planOf(service.state).host, "a");
  service.tell({ kind: "draining", incarnation: "c" }, gone("a"));
  assert.equal(planOf(service.state).host, "b");
  service.tell(gone("b"));
  assert.equal(planOf(service.state).host, "d");
  service.tell(gone("d"));
  assert.equal(planOf(service.state).host, "c");
  service.tell({ kind: "silent", incarnation: "c" }, gone("c"));
  assert.equal(planOf(service.state).host, undefined);
});

test("G3: who comes gets its share, who goes leaves its own, and nothing else moves", () => {
  const service = Service.up(16, "a");
  for (const [name, share] of [
    ["b", 8],
    ["c", 5],
    ["d", 4],
  ] as const) {
    service.moves = 0;
    service.join(name).run(name).rest();
    assert.equal(service.moves, share);
  }
  service.moves = 0;
  service.tell(gone("b")).rest();
  assert.equal(service.moves, 4);
  service.moves = 0;
  service.tell({ kind: "draining", incarnation: "c" }).rest();
  assert.deepEqual([service.moves, isEmpty(service.state, "c")], [5, true]);
});

test("G3: the host that starts keeps what it has when another one runs before it does", () => {
  const service = new Service(4).join("a", "b").report("a").obey("a").run("b").rest();
  assert.deepEqual(service.shares(), "aabb");
});

test("G5: at most so many leave at a time, the next ones when they have left", () => {
  const service = Service.up(16, "a").join("b").run("b");
  const leaving = (): number => planOf(service.state).partitions.filter((partition) => partition.leaving).length;
  assert.equal(leaving(), leavingMax);
  service.report("b");
  assert.equal(leaving(), leavingMax);
  service.obey("a");
  assert.equal(service.shares(), "a".repeat(16 - leavingMax) + "b".repeat(leavingMax));
  assert.equal(leaving(), leavingMax);
  service.rest();
  assert.equal(leaving(), 0);
});

test("G2 G5: who was asked to leave is waited for, also when whom it was for has ended; it may then get it back, under a new grant", () => {
  const service = Service.up(1, "a").join("b").run("b").tell({ kind: "move", partition: 0, incarnation: "b" });
  const [asked] = planOf(service.state).partitions;
  assert.deepEqual(asked, { owner: "a", epoch: 1, leaving: true });
  service.tell(gone("b"));
  assert.deepEqual(planOf(service.state).partitions, [asked]);
  service.obey("a");
  assert.deepEqual(planOf(service.state).partitions, [{ owner: "a", epoch: 2, leaving: false }]);
});

test("G2: what the ended and the silent had is granted to others at once; a silent one that speaks again gets other grants, not its old ones", () => {
  const service = Service.up(4, "a", "b");
  const before = planOf(service.state).partitions.find(({ owner }) => owner === "b");
  service.tell({ kind: "silent", incarnation: "b" });
  assert.equal(service.owners(), "aaaa");
  service.tell({ kind: "heard", incarnation: "b" }).rest();
  const after = planOf(service.state).partitions.filter(({ owner }) => owner === "b");
  assert.equal(after.length, 2);
  for (const { epoch } of after) assert(epoch > (before?.epoch ?? 0));
});

test("G2: the silent keep what nobody else could get", () => {
  const service = Service.up(2, "a");
  const plan = planOf(service.state);
  service.tell({ kind: "silent", incarnation: "a" });
  assert.equal(planOf(service.state), plan);
  assert.equal(isSettled(service.state), false);
  service.tell({ kind: "heard", incarnation: "a" });
  assert.equal(planOf(service.state), plan);
  assert.equal(isSettled(service.state), true);
});

test("G1: a grant that was refused is made again above what the log has, and the same report does not end the new one", () => {
  const service = new Service(1).join("a").report("a");
  const refused = { kind: "report", incarnation: "a", report: { hosting: undefined, standing: [{ holds: false, epoch: 7 }] } } as const;
  service.tell(refused);
  const plan = planOf(service.state);
  assert.deepEqual(plan.partitions, [{ owner: "a", epoch: 8, leaving: false }]);
  service.tell(refused);
  assert.equal(planOf(service.state), plan);
});

test("G1: an owner that has raised its epoch keeps its grant, and the next one is above that", () => {
  const service = Service.up(1, "a");
  const plan = planOf(service.state);
  service.tell({ kind: "report", incarnation: "a", report: { hosting: undefined, standing: [{ holds: true, epoch: 5 }] } });
  assert.equal(planOf(service.state), plan);
  assert.deepEqual(statusOf(service.state), [{ partition: 0, node: "node a", incarnation: "a", epoch: 5, state: "held" }]);
  service.join("b").tell(gone("a"));
  assert.deepEqual(planOf(service.state), { host: "b", partitions: [{ owner: "b", epoch: 6, leaving: false }] });
});

test("move: a partition stays where it was moved to while that node is eligible, and is anybody's afterwards", () => {
  const service = Service.up(4, "a", "b");
  const moved = service.owners().indexOf("b");
  service.tell({ kind: "move", partition: moved, incarnation: "a" }).rest();
  assert.deepEqual([service.owners()[moved], service.shares()], ["a", "aabb"]);
  service.join("c").run("c").rest();
  assert.equal(service.owners()[moved], "a");
  service.tell({ kind: "draining", incarnation: "a" }).rest();
  assert.equal(service.shares(), "bbcc");
  for (const partition of [-1, 4]) assert.equal(service.tell({ kind: "move", partition, incarnation: "b" }).state.pins.length, 4);
  const { state } = service;
  assert.equal(service.tell({ kind: "move", partition: 0, incarnation: "a" }).state, state, "it drains");
  assert.deepEqual([mayOwn(state, "a"), mayOwn(state, "b"), mayOwn(state, "z")], [false, true, false]);
});

test("draining: the only one keeps everything until there is an heir, and is empty when that has it", () => {
  const service = Service.up(2, "a").tell({ kind: "draining", incarnation: "a" });
  assert.deepEqual([service.owners(), isEmpty(service.state, "a"), hasHeir(service.state, "a")], ["aa", false, false]);
  service.join("b").run("b");
  assert.equal(hasHeir(service.state, "a"), true);
  service.rest();
  assert.deepEqual([service.owners(), isEmpty(service.state, "a"), planOf(service.state).host], ["bb", true, "a"]);
});

test("draining: who has had a grant taken back is empty only when it has said that it holds nothing", () => {
  const service = Service.up(2, "a", "b").tell({ kind: "silent", incarnation: "b" }, { kind: "heard", incarnation: "b" });
  service.tell({ kind: "draining", incarnation: "b" });
  assert.deepEqual([service.owners(), isEmpty(service.state, "b")], ["aa", false]);
  service.obey("b");
  assert.equal(isEmpty(service.state, "b"), true);
});

test("free: what nobody may own is free, and says so", () => {
  const service = Service.up(1, "a").tell(gone("a"));
  assert.deepEqual(statusOf(service.state), [{ partition: 0, node: undefined, incarnation: undefined, epoch: 1, state: "free" }]);
});

test("G7: what is told of those that have ended, or never were, and what is told twice, changes nothing", () => {
  const service = Service.up(2, "a", "b").tell({ kind: "draining", incarnation: "b" }).rest().tell(gone("b"));
  const { state } = service;
  for (const incarnation of ["b", "z"])
    for (const kind of ["running", "draining", "silent", "heard", "ended"] as const)
      assert.equal(stepRegistry(state, { kind, incarnation }), state);
  assert.equal(service.report("b").state, state);
  assert.equal(service.join("a").run("a").state, state);
  const plan = planOf(state);
  assert.equal(planOf(service.obey("a").state), plan);
});

test("another log: a host whose log has another number of partitions begins anew", () => {
  const service = Service.up(2, "a");
  service.tell({ kind: "report", incarnation: "a", report: { hosting: { epochs: [4, 4, 4] }, standing: [] } });
  assert.deepEqual(
    planOf(service.state).partitions,
    [0, 1, 2].map(() => ({ owner: "a", epoch: 5, leaving: false })),
  );
});
