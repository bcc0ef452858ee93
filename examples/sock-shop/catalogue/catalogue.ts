// The catalogue: the range is fixed, the counts are asked of stock whenever somebody looks. Stateless, so any number of
// instances could run.
import { handlers, type At } from "@atoll/core";
import { Stock } from "../stock/contract.ts";
import { Catalogue } from "./contract.ts";
import { picture } from "./picture.ts";
import { select, withTags } from "./selection.ts";
import { socks, tags, type SockEntry } from "./socks.ts";

export const catalogue = handlers(Catalogue, {
  handle: {
    // In parallel: a page takes as long as one question. If stock cannot answer, neither can the catalogue: a made-up
    // count would be sold.
    list: (selection, cx) => Promise.all(select(selection).map((entry) => counted(entry, cx.at))),
    size: (filter) => ({ size: withTags(filter.tags).length }),
    sock: async ({ id }, cx) => {
      const entry = entryOf(id);
      return entry ? counted(entry, cx.at) : cx.reject("UnknownSock", { id });
    },
    tags: () => ({ tags }),
    picture: ({ file }, cx) => {
      const svg = picture(file);
      return svg === undefined ? cx.reject("UnknownPicture", {}) : { svg };
    },
    price: ({ id }, cx) => {
      const entry = entryOf(id);
      return entry ? { cents: entry.cents } : cx.reject("UnknownSock", { id });
    },
  },
});

const entryOf = (id: string): SockEntry | undefined => socks.find((sock) => sock.id === id);

async function counted({ images, tags: own, ...entry }: SockEntry, at: At) {
  const level = await at(Stock, entry.id).level();
  return { ...entry, images, tags: own, count: level.rejected ? 0 : level.reply.available };
}
