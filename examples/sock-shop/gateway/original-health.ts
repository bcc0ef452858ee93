// The original's health check asks each service for its health and looks for a list, `health`, in which everything is "OK". Here one
// answer is everybody's, so that list goes beside what the gateway says itself.
import type { GatewayHow } from "@atoll/gateway";

interface Health {
  readonly services: readonly { readonly name: string; readonly state: string }[];
}

export const originalHealth: NonNullable<GatewayHow["http"]> = (app) => {
  app.use("/health", async (c, next) => {
    await next();
    if (c.req.method !== "GET" || !(c.res.headers.get("content-type") ?? "").startsWith("application/json")) return;
    const { status, headers } = c.res;
    const said = (await c.res.json()) as Health;
    const health = said.services.map(({ name, state }) => ({ service: name, status: state === "running" ? "OK" : "err" }));
    const kept = new Headers(headers);
    kept.delete("content-length");
    c.res = new Response(JSON.stringify({ ...said, health }), { status, headers: kept });
  });
};
