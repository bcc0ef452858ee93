// Restate: its server as it is installed from npm, one node, which keeps its log on the disk and syncs it (the default); its
// SDK's endpoint in this process, which is also who asks, over HTTP as everybody asks Restate. Everything else as it comes, but
// for telemetry and the page for people, which are off.
import { accessSync, constants } from "node:fs";
import { Agent, request } from "node:http";
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libraryOf, versionOf } from "./library.ts";
import { firstInput, step, WrongWork } from "./load.ts";
import { CannotRun, servePeer } from "./peer-process.ts";
import { freePort } from "../free-port.ts";
import { ServerProcess } from "./server-program.ts";

interface WorkflowContext {
  run<R>(name: string, action: () => Promise<R>): Promise<R>;
}

interface Restate {
  workflow(definition: {
    readonly name: string;
    readonly handlers: { readonly run: (context: WorkflowContext, input: number) => Promise<unknown> };
  }): unknown;
  createEndpointHandler(endpoint: {
    readonly services: readonly unknown[];
  }): (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}

/** The program itself, without the script that starts it. */
function serverProgram(): string {
  const path = fileURLToPath(
    new URL(`node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`, import.meta.url),
  );
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    throw new CannotRun(`there is no Restate server for ${process.platform} on ${process.arch} in npm`);
  }
}

/** The workflows, as the server asks for them. */
async function openEndpoint(): Promise<string> {
  process.env["RESTATE_LOGGING"] = "ERROR";
  const restate = await libraryOf<Restate>("@restatedev/restate-sdk");
  const trip = restate.workflow({
    name: "trip",
    handlers: {
      run: async (context, by) => {
        const a = await context.run("one", () => step(by));
        const b = await context.run("two", () => step(a.total));
        return context.run("three", () => step(b.total));
      },
    },
  });
  const server = createServer(restate.createEndpointHandler({ services: [trip] })).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Post {
  readonly port: number;
  readonly path: string;
  readonly body: unknown;
}

const agent = new Agent({ keepAlive: true });

function post({ port, path, body }: Post): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const sent = request({ agent, host: "127.0.0.1", port, path, method: "POST", headers }, (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (piece: string) => (answer += piece));
      response.once("error", reject).once("end", () => {
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(answer));
        else reject(new WrongWork(`${path}: ${response.statusCode} ${answer}`));
      });
    });
    sent.once("error", reject).end(text);
  });
}

const isHealthy = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

await servePeer(async (directory) => {
  const [node, admin, ingress] = [await freePort(), await freePort(), await freePort()];
  const server = new ServerProcess({
    program: serverProgram(),
    args: ["--base-dir", join(directory, "restate"), "--bind-ip", "127.0.0.1", "--listen-mode", "tcp", "--no-logo"],
    cwd: directory,
    env: {
      RESTATE_BIND_PORT: `${node}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_LOG_FILTER: "warn",
      RESTATE_LOG_DISABLE_ANSI_CODES: "true",
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_ADMIN__DISABLE_WEB_UI: "true",
    },
    killedBy: "SIGKILL",
  });
  await server.ready(() => isHealthy(admin));
  await post({ port: admin, path: "/deployments", body: { uri: await openEndpoint() } });
  return {
    name: `Restate ${versionOf("@restatedev/restate-server")}`,
    workflow: (key) => post({ port: ingress, path: `/trip/${key}/run`, body: firstInput }),
    close: () => server[Symbol.asyncDispose](),
  };
});
