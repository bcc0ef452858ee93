// The bank as a process: `npm run bank -- --port 8090 --faults latency=50ms,errors=0.1,hangs=0.01 --data .atoll/bank.db`.
// Started by another process it ends when that one does (--attached: when its standard input closes), whatever ended it.
import { parseArgs } from "node:util";
import { Books } from "./books.ts";
import { faultsIn } from "./faults.ts";
import { BankServer } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8090" },
    faults: { type: "string", default: "" },
    data: { type: "string", default: "books.db" },
    attached: { type: "boolean", default: false },
  },
});

const read = faultsIn(values.faults);
if ("mistake" in read) {
  console.error(`bank: ${read.mistake}`);
  process.exit(2);
}
const { faults } = read;
const server = await BankServer.open({ books: Books.open(values.data), faults, random: Math.random, port: Number(values.port) });
const mood = Object.values(faults).every((part) => part === 0)
  ? "reliable"
  : `latency ${faults.latencyMs} ms, errors ${faults.errors}, hangs ${faults.hangs}`;
console.log(`bank is open at ${server.url}, ${mood}, books in ${values.data}`);

const close = (): void => void server[Symbol.asyncDispose]().then(() => process.exit(0));
process.once("SIGTERM", close);
if (values.attached) {
  process.on("SIGINT", () => {}); // Ctrl-C reaches it as well; it stays until the shop has answered what it had accepted
  process.stdin.resume().once("end", close).once("error", close);
} else {
  process.once("SIGINT", close);
}
