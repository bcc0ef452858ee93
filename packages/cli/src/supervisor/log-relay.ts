// What a node's process prints, as entries of the supervisor's log: each says which node it is from. What is no entry (a stack that
// Node prints, `console.log` of the system's own code) becomes one.
import type { Logger } from "@atoll/core/runtime";
import type { NodeIdentity } from "@atoll/core/transport";

/** UTF-16 units of a line; what is longer is cut into several. */
const lineLengthMax = 64 * 1_024;

export interface LogRelayInit {
  readonly of: Pick<NodeIdentity, "node" | "service">;
  /** Takes an entry without its line feed. */
  readonly write: (line: string) => void;
  /** For what is no entry. */
  readonly logger: Logger;
}

/** Takes one stream of a process. */
export class LogRelay {
  readonly #init: LogRelayInit;
  #rest = "";

  constructor(init: LogRelayInit) {
    this.#init = init;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    while (this.#rest.length > lineLengthMax) {
      this.#line(this.#rest.slice(0, lineLengthMax));
      this.#rest = this.#rest.slice(lineLengthMax);
    }
  }

  /** What was not ended by a line feed. */
  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }

  #line(line: string): void {
    const { of, write, logger } = this.#init;
    const entry = entryIn(line);
    if (entry) write(JSON.stringify(withOrigin(entry, of)));
    else if (line.trim() !== "") logger.log("info", "node.printed", { ...of, text: line });
  }
}

interface Entry {
  readonly [field: string]: unknown;
}

function entryIn(line: string): Entry | undefined {
  if (!line.startsWith('{"time":')) return undefined;
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}

/** Where an entry has a field of one of these names that says something else, that gets an underscore behind it. */
function withOrigin({ time, level, event, ...fields }: Entry, of: LogRelayInit["of"]): Entry {
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name !== "node" && name !== "service") rest[name] = value;
    else if (value !== of[name]) rest[`${name}_`] = value;
  }
  return { time, level, event, service: of.service, node: of.node, ...rest };
}
