// H1 to H3: what the log's host makes of those who ask too much, or nonsense.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Json } from "../../contract/index.ts";
import { idsOf, oneRow, readAll, recordOf, rowOf, takeOver, write } from "../../journal/tck/rows.ts";
import type { Link, LinkLoss } from "../../transport/index.ts";
import { logHostLimits } from "./limits.ts";
import { type Node, NodesUnderTest, service } from "./nodes-under-test.ts";
import { greeting } from "./wire.ts";

const partitions = 4;

/** A link to the host, bare. */
class Stranger {
  readonly messages: Json[] = [];
  loss: LinkLoss | undefined;
  link: Link | undefined;

  static async to(nodes: NodesUnderTest, host: Node, from: Node): Promise<Stranger> {
    const stranger = new Stranger();
    await nodes.inside(from.process, async () => {
      stranger.link = await from.transport.connect(nodes.addressOf(host, from.identity), () => ({
        message: (message) => void stranger.messages.push(message),
        room: () => undefined,
        closed: (loss) => {
          stranger.loss = loss;
        },
      }));
    });
    return stranger;
  }

  say(...messages: readonly unknown[]): void {
    for (const message of messages) this.link?.send(message === greeting ? greeting : JSON.stringify(message));
  }
}

async function inHost(check: (nodes: NodesUnderTest, host: Node, from: Node) => Promise<void>, limits = {}): Promise<void> {
  const nodes = new NodesUnderTest({ seed: 1, stepsMax: 10_000_000 }, {}, limits);
  const scenario = async (): Promise<void> => {
    const [host, from] = [nodes.up("ledger-1"), nodes.up("ledger-2")];
    await host.listening;
    nodes.name(host);
    await nodes.inside(host.process, () => host.store.open(service, partitions));
    await check(nodes, host, from);
  };
  await nodes.world.runUntil(scenario());
  for (const { error } of nodes.world.failures) throw error;
}

const row = (p: number, offset: number, epoch: number, body = "{}", count = 1): Json => [p, offset, count, epoch, body];

const nonsense: { readonly [what: string]: readonly unknown[] } = {
  "no greeting": [[1, "partitions"]],
  "another protocol": [["journal", 99]],
  "a greeting twice": [greeting, greeting],
  "an operation that there is not": [greeting, [1, "constructor"]],
  "an operation of the object": [greeting, [1, "__proto__"]],
  "no list": [greeting, { n: 1 }],
  "a number that does not rise": [greeting, [2, "partitions"], [2, "partitions"]],
  "a partition beyond the last": [greeting, [1, "read", partitions, 0, 100]],
  "a partition below the first": [greeting, [1, "read", -1, 0, 100]],
  "an offset that is no whole number": [greeting, [1, "read", 0, 0.5, 100]],
  "a row with too few members": [greeting, [1, "append", [0, 0, 1, 1]]],
  "two rows for one partition": [greeting, [1, "append", [...(row(0, 0, 0) as []), ...(row(0, 1, 0) as [])]]],
  "a row of more records than lines": [greeting, [1, "append", row(0, 0, 0, "{}", 2)]],
  "a row of fewer records than lines": [greeting, [1, "append", row(0, 0, 0, "{}\n{}", 1)]],
  "a row without records": [greeting, [1, "append", row(0, 0, 0, "", 0)]],
  "an epoch that falls": [greeting, [1, "takeOver", 0, 5, 5]],
  "more entries than anybody needs": [greeting, [1, "alarms", null, logHostLimits.entriesMax + 1]],
  "half of a pair": [greeting, [1, "confirm", [0]]],
  "an index of another form": [greeting, [1, "index", { partition: 0, epoch: 1, indexedTo: 1, entities: [{}], snapshots: [], alarms: [] }]],
  "a letter without a reason": [greeting, [1, "park", { stream: "s", place: 1 }]],
  "parts without an end": [greeting, ["part", "[1,"], [2, "partitions"]],
  "parts that make no JSON": [greeting, ["part", "[1,"], ["last", "]"]],
};

for (const [what, messages] of Object.entries(nonsense)) {
  test(`journal host, H3 hostile: ${what} costs the link, and nothing else`, async () => {
    await inHost(async (nodes, host, from) => {
      const kept = await nodes.inside(from.process, () => from.store.open(service, partitions));
      const stranger = await Stranger.to(nodes, host, from);
      stranger.say(...messages);
      await nodes.pause(5_000);
      assert.equal(stranger.loss?.kind, "closed");
      await nodes.inside(from.process, async () => {
        await write(kept, oneRow(0, 0, await takeOver(kept, 0), "a"));
        assert.deepEqual(idsOf(await readAll(kept, 0)), ["a"]);
      });
    });
  });
}

test("journal host, H3 hostile: whatever JSON comes, the host goes on", async () => {
  await inHost(async (nodes, host, from) => {
    const kept = await nodes.inside(from.process, () => from.store.open(service, partitions));
    const operation = fc.constantFrom(
      "append",
      "read",
      "chain",
      "records",
      "lookup",
      "index",
      "alarms",
      "confirm",
      "park",
      "takeOver",
      "part",
    );
    const message = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.tuple(fc.nat(), operation, fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 })),
      fc.tuple(operation, fc.string()),
    );
    for (const messages of fc.sample(fc.array(message, { maxLength: 4 }), { numRuns: 150, seed: 7 })) {
      const stranger = await Stranger.to(nodes, host, from);
      stranger.say(greeting, ...messages);
      await nodes.pause(20);
      stranger.link?.close();
    }
    await nodes.inside(from.process, async () => write(kept, oneRow(1, 0, await takeOver(kept, 1), "a")));
  });
});

test("journal host, H2 bounded: who has more requests open than a link may have, or more in them, loses the link", async () => {
  const limits = { openMax: 3, openCharsMax: 100 };
  await inHost(async (nodes, host, from) => {
    const asks = await Stranger.to(nodes, host, from);
    asks.say(greeting);
    await nodes.pause(1_000);
    asks.say([1, "partitions"], [2, "partitions"], [3, "partitions"], [4, "partitions"]);
    await nodes.pause(5_000);
    assert.match(String(asks.loss?.why), /more than 3 requests/);
    const holds = await Stranger.to(nodes, host, from);
    holds.say(greeting);
    await nodes.pause(1_000);
    const long = (p: number): Json => row(p, 0, 9, "x".repeat(80));
    holds.say([1, "append", long(0)], [2, "append", long(1)]);
    await nodes.pause(5_000);
    assert.match(String(holds.loss?.why), /more than 100 characters/);
  }, limits);
});

test("journal host, H1 one answer, H2 bounded: long answers wait for each other and for room, appends go by", async () => {
  await inHost(
    async (nodes, _, from) => {
      const journal = await nodes.inside(from.process, () => from.store.open(service, partitions));
      await nodes.inside(from.process, async () => {
        const epoch = await takeOver(journal, 0);
        for (let i = 0; i < 20; i++) await write(journal, rowOf(0, i, epoch, [recordOf("k", `r${i}`, -1, { reply: "x".repeat(50_000) })]));
        const [own, answered] = [await takeOver(journal, 1), [] as string[]];
        const reads = Array.from({ length: 30 }, async () => {
          assert.equal((await journal.read(0, 0, 4 << 20)).rows.length, 20);
          answered.push("read");
        });
        await write(journal, oneRow(1, 0, own, "a"));
        answered.push("append");
        await Promise.all(reads);
        assert.equal(answered.length, 31);
        assert(answered.indexOf("append") < 10, "an append does not wait for reads");
      });
    },
    { answersCharsMax: 5 << 20 },
  );
});
