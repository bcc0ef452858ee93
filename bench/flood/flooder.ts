// The flood, in a process of its own: told how much and for how long, it says what it was answered.
import { serve } from "../child.ts";
import { Requests } from "./requests.ts";

export interface Pour {
  readonly perSecond: number;
  readonly ms: number;
}

await serve(({ port }: { readonly port: number }) => {
  const requests = new Requests(port, "/sheets", JSON.stringify({ sheet: 1 }));
  return Promise.resolve({
    value: undefined,
    answer: ({ perSecond, ms }: Pour) => requests.at(perSecond, ms),
    close: () => Promise.resolve(requests.close()),
  });
});
