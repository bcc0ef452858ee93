// Existing clients of the user service look for `"status_code": 500` in a body before they look into it, whatever the status of
// the answer: it is all that the original says of a failure, and of what it does not find. A problem document here says so, too.
import type { GatewayHow } from "@atoll/gateway";

const paths = ["/login", "/register", "/customers/*", "/addresses/*", "/cards/*"];

export const statusCode: NonNullable<GatewayHow["http"]> = (app) => {
  for (const path of paths) {
    app.use(path, async (c, next) => {
      await next();
      if ((c.res.status < 500 && c.res.status !== 404) || c.req.method === "HEAD") return;
      const { status, headers } = c.res;
      const problem = (await c.res.json()) as object;
      const kept = new Headers(headers);
      kept.delete("content-length");
      c.res = new Response(JSON.stringify({ ...problem, status_code: 500 }), { status, headers: kept });
    });
  }
};
