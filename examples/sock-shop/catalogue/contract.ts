// What the catalogue promises: the socks on offer, with the number that stock has of each at this moment. Prices are
// cents, as everywhere inside the shop; only the gateway writes them as decimal numbers.
import { contract } from "@atoll/core";
import * as z from "zod";

/** Socks of one page; who asks for more gets this many. */
export const pageSizeMax = 100;

const Sock = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  /** Paths of two pictures on the gateway. */
  images: z.array(z.string()),
  cents: z.int(),
  tags: z.array(z.string()),
  /** Units that can be ordered now. */
  count: z.int(),
});

/** Socks that have one of the tags; without tags all of them. */
const Filter = z.object({ tags: z.array(z.string()).default([]) });

export const Selection = Filter.extend({
  sort: z.enum(["id", "name", "price"]).default("id"),
  /** From 1. A page behind the last one is empty. */
  page: z.int().positive().default(1),
  size: z.int().positive().default(10),
});

export const Catalogue = contract("catalogue", {
  version: 1,
  queries: {
    list: { in: Selection, out: z.array(Sock) },
    size: { in: Filter, out: z.object({ size: z.int() }) },
    sock: { in: z.object({ id: z.string() }), out: Sock, rejects: { UnknownSock: z.object({ id: z.string() }) } },
    tags: { out: z.object({ tags: z.array(z.string()) }) },
    /** An SVG document. */
    picture: { in: z.object({ file: z.string() }), out: z.object({ svg: z.string() }), rejects: { UnknownPicture: z.object({}) } },
    /** What a sock costs now. */
    price: { in: z.object({ id: z.string() }), out: z.object({ cents: z.int() }), rejects: { UnknownSock: z.object({ id: z.string() }) } },
  },
  access: { list: ["gateway"], size: ["gateway"], sock: ["gateway"], tags: ["gateway"], picture: ["gateway"], price: ["carts"] },
});
