import { simulate } from "@atoll/testkit";
import { hello, Counter } from "/work/main/examples/hello/hello.ts";
const faults = (process.argv[2] ?? "").split(",").filter(Boolean) as never;
const n = Number(process.argv[3] ?? 100);
const t = performance.now();
await simulate(hello, { seeds: n, faults }, async (w) => {
    const keys = ["a","b"];
    const sums: Record<string, number> = { a: 0, b: 0 };
    await Promise.all([1,2,3].map(async () => {
      for (let i = 0; i < 4; i++) {
        const k = keys[Math.floor(w.random()*2)]!;
        const by = 1 + Math.floor(w.random()*5);
        await w.at(Counter, k).add({ by });
        sums[k]! += by;
      }
    }));
    await w.settle();
    for (const k of keys) if ((await w.at(Counter, k).total()).total !== sums[k]) throw new Error("sum");
});
console.log((n / ((performance.now() - t) / 1000)).toFixed(0), "seeds/s");
