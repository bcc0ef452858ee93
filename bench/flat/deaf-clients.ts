// Clients of a feed in a process of their own: they ask for everything from the start, and read nothing of the answer but its
// headers. Some of them may be told to read on, until they have heard everything.
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";

/** What this process is told; it answers each with one message. */
export type Told =
  | { readonly kind: "open"; readonly url: string; readonly clients: number }
  /** `said`: by key, the number up to which is to be heard. */
  | { readonly kind: "listen"; readonly clients: number; readonly said: readonly (readonly [key: string, n: number])[] }
  | { readonly kind: "leave" };

export interface Listened {
  readonly messages: number;
  readonly lost: number;
  readonly wrong: number;
}

let deaf: IncomingMessage[] = [];

async function open(url: string): Promise<IncomingMessage> {
  const asked = request(url, { agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => undefined); // it is cut when the other side ends
  return response;
}

/** Resolves when everything up to `said` was heard, or the feed has ended. */
async function listen(response: IncomingMessage, said: ReadonlyMap<string, number>): Promise<Listened> {
  const heard = new Map<string, number>();
  let [messages, wrong, text] = [0, 0, ""];
  let left = said.size;
  response.setEncoding("utf8");
  for await (const chunk of response as AsyncIterable<string>) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) continue;
      const { from, n } = JSON.parse(data) as { readonly from: string; readonly n: number };
      const last = heard.get(from) ?? 0;
      messages += 1;
      if (n !== last + 1) wrong += 1;
      heard.set(from, n);
      if (last < (said.get(from) ?? 0) && n >= (said.get(from) ?? 0)) left -= 1;
    }
    if (left === 0) break;
  }
  let lost = 0;
  for (const [key, n] of said) lost += Math.max(0, n - (heard.get(key) ?? 0));
  return { messages, lost, wrong };
}

async function obey(told: Told): Promise<unknown> {
  if (told.kind === "open") {
    deaf = await Promise.all(Array.from({ length: told.clients }, () => open(told.url)));
    return deaf.filter(({ statusCode }) => statusCode === 200).length;
  }
  if (told.kind === "leave") {
    for (const response of deaf) response.destroy();
    deaf = [];
    return 0;
  }
  const said = new Map(told.said);
  return Promise.all(deaf.slice(0, told.clients).map((response) => listen(response, said)));
}

process.once("disconnect", () => process.exit());
process.on("message", (told: Told) => void obey(told).then((answer) => process.send?.({ answer })));
