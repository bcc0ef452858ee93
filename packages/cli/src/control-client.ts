// Asks the process that runs a data directory.
import { request } from "node:http";
import { CommandError } from "./report.ts";
import { addressOf } from "./control-socket.ts";

const answerWithinMs = 10_000;
const answerBytesMax = 64 * 2 ** 20;

/** Undefined if no process answers for `data`. */
export function ask(data: string, method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
  const address = addressOf(data);
  if (!address) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: address.socket, method, path, timeout: answerWithinMs, headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) asked.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => {
        try {
          const answer = JSON.parse(text) as { readonly error?: unknown };
          if (response.statusCode === 200) resolve(answer);
          else reject(new CommandError(`process ${address.pid} answers: ${String(answer.error)}`));
        } catch {
          reject(new CommandError(`process ${address.pid} does not answer as this version expects`));
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new CommandError(`process ${address.pid} has not answered within ${answerWithinMs / 1_000} s`)));
    asked.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined); // the note is a dead process's
      else reject(error);
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
