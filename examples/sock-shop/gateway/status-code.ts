// Existing clients of the user service look for `"status_code": 500` in a body before they look into it, whatever the status of
// the answer: a failure here says so in its problem document, and only here.
import type { GatewayHow } from "@atoll/gateway";

const paths = ["/login", "/register", "/customers/*", "/addresses/*", "/cards/*"];

export const statusCode: NonNullable<GatewayHow["http"]> = (app) => {
  for (const path of paths) {
    app.use(path, async (c, next) => {
      await next();
      if (c.res.status < 500 || c.req.method === "HEAD") return;
      const { status, headers } = c.res;
      const problem = (await c.res.json()) as object;
      const kept = new Headers(headers);
      kept.delete("content-length");
      c.res = new Response(JSON.stringify({ ...problem, status_code: 500 }), { status, headers: kept });
    });
  }
};
