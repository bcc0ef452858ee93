// What is no JSON, and so no route: the pictures, and the page that a browser gets at the root. Both ask the catalogue like
// anybody else.
import type { At } from "@atoll/core";
import { Problem, type GatewayHow } from "@atoll/gateway";
import { Catalogue } from "../catalogue/contract.ts";

export const plainPages: NonNullable<GatewayHow["http"]> = (app, at) => {
  app.get("/catalogue/images/:file", async (c) => {
    const picture = await at(Catalogue).picture({ file: c.req.param("file") });
    if (picture.rejected) throw new Problem("NOT_FOUND", { detail: "The catalogue has no such picture." });
    return c.body(picture.reply.svg, 200, {
      ...safe("default-src 'none'"),
      "content-type": "image/svg+xml",
      // What a picture shows never changes, but the original front end sets its session's cookie on the pictures that it passes on,
      // and on nothing else that an anonymous visitor gets: with the pictures kept and the cookie gone, no basket would fill.
      "cache-control": "no-cache",
    });
  });
  app.get("/", async (c) => c.html(await frontPage(at), 200, safe("default-src 'none'; img-src 'self'; style-src 'unsafe-inline'")));
};

const safe = (policy: string): Record<string, string> => ({ "content-security-policy": policy, "x-content-type-options": "nosniff" });

const style = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1.5rem; padding: 0; list-style: none }
img { width: 100%; height: auto; border-radius: .5rem } h2 { font-size: 1rem; margin: .5rem 0 0 } p { margin: 0 }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #1a1a1a } a { color: #8bc } }`;

async function frontPage(at: At): Promise<string> {
  const socks = await at(Catalogue).list({});
  const items = socks.map(
    ({ name, images: [front = ""], cents, count }) =>
      `<li><img src="${front}" alt=""><h2>${name}</h2><p>$${(cents / 100).toFixed(2)} · ${count === 0 ? "sold out" : `${count} in stock`}</p></li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sock Shop</title><style>${style}</style></head>
<body><h1>Sock Shop</h1>
<p>This page only shows the catalogue; the shop is its HTTP interface: <a href="/docs">reference</a>, <a href="/openapi.json">OpenAPI</a>,
<a href="/health">health</a>, <a href="/metrics">metrics</a>.</p>
<ul>${items.join("\n")}</ul></body></html>
`;
}
