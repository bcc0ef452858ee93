// Clients of a feed that ask for everything from the start and stop reading, in another process. Then some of them read on, while the
// load goes on, and must hear every message once and in order.
import { fork } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { logWriterLimits } from "@atoll/core/journal";
import { Metrics } from "@atoll/core/runtime";
import { type CaseRoom, perSecond, progress, round, rounds, total } from "./case-room.ts";
import type { Listened, Told } from "./deaf-clients.ts";
import { Load, until } from "./load.ts";
import { Phase } from "./phase.ts";
import { feedBufferBytesMax, partitions, startTalk } from "./talk.ts";
import type { CaseResult } from "./verdict.ts";

const clients = 50;
const readingOn = 4;
const backlog = 24_000;
const textLength = 2_000;
/** Of one client: what waits for it in each partition, a page read of the log, a text on its way, and the same in its socket. */
const perClientBytes = (partitions + 3) * feedBufferBytesMax;
/** Nobody has taken anything for so long: they have stopped. */
const quietMs = 500;

export async function feedCase({ data, roundMs }: CaseRoom): Promise<CaseResult> {
  const metrics = new Metrics();
  const sockets = heardSockets();
  await using running = await startTalk("feed", data, metrics);
  const load = new Load(running, textLength);
  await load.pour(backlog);
  progress(`feed: ${backlog.toLocaleString("en")} messages are in the log`);
  const others = fork(fileURLToPath(new URL("deaf-clients.ts", import.meta.url)), { stdio: ["ignore", 2, 2, "ipc"], execArgv: [] });
  const ask = async (told: Told): Promise<unknown> => {
    others.send(told);
    const [{ answer }] = (await once(others, "message")) as [{ readonly answer: unknown }];
    return answer;
  };
  const bytes = (of: (socket: Socket) => number): number => [...sockets].reduce((sum, socket) => sum + of(socket), 0);
  const queued = () => ({
    "feeds open": total(metrics, "atoll_http_feeds"),
    "bytes in their sockets": bytes(({ writableLength }) => writableLength),
  });

  const [calm, disturbed, after] = [
    new Phase("nobody listens"),
    new Phase(`${clients} clients do not read`),
    new Phase(`${readingOn} of them read on`),
  ];
  let lost = 0;
  let wrong = 0;
  try {
    for (let i = 0; i < rounds; i++) {
      await round(calm, load, roundMs, queued);
      const opened = await ask({ kind: "open", url: `${running.url}/said?from=start`, clients });
      for (let before = -1, now = 0; before !== now || total(metrics, "atoll_http_feeds") < clients;) {
        await pause(quietMs);
        [before, now] = [now, bytes(({ bytesWritten }) => bytesWritten)];
      }
      await round(disturbed, load, roundMs, queued);
      progress(`feed: round ${i + 1} of ${rounds}, ${String(opened)} clients that do not read`);
      if (total(metrics, "atoll_http_feeds") !== clients) lost += 1; // who does not read is not to be cut off here
      if (i === rounds - 1) {
        let listened: readonly Listened[] | undefined;
        const listening = ask({ kind: "listen", clients: readingOn, said: [...load.said] }).then(
          (answer) => (listened = answer as readonly Listened[]),
        );
        await round(after, load, roundMs, queued, () => listened !== undefined);
        for (const one of await listening) {
          lost += one.lost;
          wrong += one.wrong;
        }
        progress(`feed: ${(await listening).map(({ messages }) => messages.toLocaleString("en")).join(", ")} messages were heard`);
      }
      await ask({ kind: "leave" });
      await until(() => total(metrics, "atoll_http_feeds") === 0);
    }
  } finally {
    others.disconnect();
  }
  return {
    name: "feed",
    calm: calm.figures(),
    disturbed: disturbed.figures(),
    after: after.figures(),
    allowedBytes: clients * perClientBytes + 3 * partitions * logWriterLimits.recentBytesMax,
    withheldBytes: clients * (backlog + (perSecond * roundMs) / 1_000) * textLength,
    lost,
    wrong,
  };
}

/** The connections on which the gateway has been asked for something. */
function heardSockets(): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  subscribe("http.server.request.start", (message) => {
    const { socket } = message as { readonly socket: Socket };
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}
