// HTTP of the catalogue, in the forms of the original demo: other names for some members, decimal prices, comma-separated
// tags. Translated here, so that the contract need not know them.
import { route } from "@atoll/gateway";
import * as z from "zod";
import { Catalogue, Selection } from "../catalogue/contract.ts";

const SockBody = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  imageUrl: z.array(z.string()),
  price: z.number(),
  count: z.int(),
  tag: z.array(z.string()),
});

interface Sock extends Omit<z.infer<typeof SockBody>, "imageUrl" | "price" | "tag"> {
  readonly images: string[];
  readonly cents: number;
  readonly tags: string[];
}

const sockBody = ({ images, cents, tags, ...sock }: Sock): z.infer<typeof SockBody> => ({
  ...sock,
  imageUrl: images,
  price: cents / 100,
  tag: tags,
});

/** "a,b" is two tags; `tags=` is none. */
const separate = (tags: readonly string[]): string[] => tags.flatMap((list) => list.split(",")).filter((tag) => tag !== "");

export const catalogueRoutes = [
  route("GET /catalogue", Catalogue.list, {
    query: Selection,
    input: (r) => ({ ...r.query, tags: separate(r.query.tags) }),
    reply: { body: z.array(SockBody), from: (socks) => socks.map(sockBody) },
  }),
  route("GET /catalogue/size", Catalogue.size, {
    query: Selection.pick({ tags: true }),
    input: (r) => ({ tags: separate(r.query.tags) }),
    reply: { body: z.object({ size: z.int(), err: z.null() }), from: ({ size }) => ({ size, err: null }) },
  }),
  route("GET /catalogue/:id", Catalogue.sock, {
    input: (r) => ({ id: r.params.id }),
    reply: { body: SockBody, from: sockBody },
    rejects: { UnknownSock: { status: 404 } },
  }),
  route("GET /tags", Catalogue.tags, {
    reply: { body: z.object({ tags: z.array(z.string()), err: z.null() }), from: ({ tags }) => ({ tags, err: null }) },
  }),
];
