// What a caller has seen, as positions in logs: whoever reads later waits until it has seen as much. Logical time only, no
// clock is asked. A session only ever grows; what several calls of one caller saw is merged, also through nested calls,
// because they carry the caller's own session.
//
//  P1  monotonic   `saw` never lowers a position, in whatever order answers come.
//  P2  bounded     A token is at most `tokenLengthMax` characters. Where positions do not fit, a service collapses to `*`,
//                  then all of them do: its reader waits for the heads as it finds them, which is stronger.
//  P3  readable    `Session.parse(session.token)` waits for everything that `session` has seen.
import { Failure } from "../base/failure.ts";

/** Which log a position belongs to. */
export interface LogIdentity {
  /** Name of the service whose log it is. */
  readonly service: string;
  /** 32 hexadecimal digits. */
  readonly logId: string;
  readonly timeline: number;
}

/** What a reader of a log has to have seen: one above the newest offset by partition, or "head", all that is there when it is asked. */
export type Wanted = ReadonlyMap<number, number> | "head";

interface Seen {
  /** The first digits of the log's id, and its timeline. */
  readonly log: string;
  readonly partitions: Map<number, number>;
  everything: boolean;
  /** As a token says it; undefined since it has changed. */
  text: string | undefined;
}

/** Characters of a token. */
const tokenLengthMax = 1_024;
/** A service whose positions take more collapses first. */
const serviceLengthMax = 384;
const logIdDigits = 8;
const everything = "*";
/** stock:3f9a01bc.1:0=a3,5=12 or stock:3f9a01bc.1:* ; offsets in base 36. */
const servicePattern = /^([a-z][a-z0-9-]{0,62}):([0-9a-f]{8}\.[1-9]\d{0,8}):(\*|\d{1,4}=[0-9a-z]{1,10}(?:,\d{1,4}=[0-9a-z]{1,10})*)$/;

const nothing: ReadonlyMap<string, Seen> = new Map();

const logs = new WeakMap<LogIdentity, string>();

/** As a token says it. */
function logOf(log: LogIdentity): string {
  let text = logs.get(log);
  if (text === undefined) logs.set(log, (text = `${log.logId.slice(0, logIdDigits)}.${log.timeline}`));
  return text;
}

export class Session {
  /** Empty until something is seen: most sessions never see anything. */
  #services: ReadonlyMap<string, Seen> = nothing;
  #everything = false;
  /** Undefined since something has changed: most answers change nothing, and all of them carry it. */
  #token: string | undefined;

  /** An answer rests on the record at `offset`; -1 for one that rests on none. */
  saw(log: LogIdentity, partition: number, offset: number): void {
    if (offset >= 0 && !this.#everything) this.#see(this.#of(log.service, logOf(log)), partition, offset + 1);
  }

  /** All that a log held when its heads, the next offsets by partition, were these. */
  sawHeads(log: LogIdentity, heads: readonly number[]): void {
    for (const [partition, head] of heads.entries()) this.saw(log, partition, head - 1);
  }

  /** Takes over all that `other` has seen. */
  merge(other: Session): void {
    if (other.#everything && !this.#everything) {
      this.#everything = true;
      this.#token = undefined;
    }
    for (const [service, { log, partitions, everything: all }] of other.#services) {
      const seen = this.#of(service, log);
      if (all && !seen.everything) {
        seen.everything = true;
        seen.text = undefined;
        this.#token = undefined;
      }
      for (const [partition, above] of partitions) this.#see(seen, partition, above);
    }
  }

  /**
   * What a reader of `log` has to wait for; undefined if nothing. LOG_FORKED if the session has seen another log under this
   * service's name: one that was restored from a backup, or made anew.
   */
  wanted(log: LogIdentity): Wanted | undefined {
    if (this.#everything) return "head";
    const seen = this.#services.get(log.service);
    if (!seen) return undefined;
    if (seen.log !== logOf(log)) {
      const what = `it has seen log ${seen.log} of service "${log.service}", which is now ${logOf(log)}`;
      throw new Failure("LOG_FORKED", { what, at: "session" });
    }
    return seen.everything ? "head" : seen.partitions;
  }

  /** Empty if nothing was seen. */
  get token(): string {
    return (this.#token ??= this.#write());
  }

  #write(): string {
    if (this.#everything) return everything;
    if (this.#services.size === 0) return "";
    const parts = [...this.#services].map(([service, seen]) => ({ service, seen, text: (seen.text ??= textOf(service, seen)) }));
    let length = parts.reduce((sum, { text }) => sum + text.length + 1, -1);
    for (const part of parts.toSorted((a, b) => b.text.length - a.text.length)) {
      if (length <= tokenLengthMax && part.text.length <= serviceLengthMax) break;
      const short = `${part.service}:${part.seen.log}:${everything}`;
      length += short.length - part.text.length;
      part.text = short;
    }
    return length <= tokenLengthMax ? parts.map(({ text }) => text).join(";") : everything;
  }

  /** One whose reads wait for all that is there when they are asked. */
  static everything(): Session {
    const session = new Session();
    session.#everything = true;
    return session;
  }

  /** INVALID_INPUT if `token` was not made by a session. */
  static parse(token: string): Session {
    const session = new Session();
    if (token === everything) return Session.everything();
    if (token.length > tokenLengthMax) throw malformed(`it has ${token.length} characters, ${tokenLengthMax} are allowed`);
    if (token !== "") for (const part of token.split(";")) session.#read(part);
    return session;
  }

  #see(seen: Seen, partition: number, above: number): void {
    if (above <= (seen.partitions.get(partition) ?? 0)) return;
    seen.partitions.set(partition, above);
    seen.text = undefined;
    this.#token = undefined;
  }

  /** Of another log under the same name nothing is kept: the newer one is what there is. */
  #of(service: string, log: string): Seen {
    let seen = this.#services.get(service);
    if (seen?.log === log) return seen;
    this.#add(service, (seen = { log, partitions: new Map(), everything: false, text: undefined }));
    this.#token = undefined;
    return seen;
  }

  #read(part: string): void {
    const [, service, log, positions] = servicePattern.exec(part) ?? [];
    if (service === undefined || log === undefined || positions === undefined)
      throw malformed("it is not a token that this system gave out");
    if (this.#services.has(service)) throw malformed(`it names service "${service}" twice`);
    const seen: Seen = { log, partitions: new Map(), everything: positions === everything, text: part };
    if (!seen.everything) {
      for (const position of positions.split(",")) {
        const [partition, above] = position.split("=") as [string, string];
        seen.partitions.set(Number(partition), Number.parseInt(above, 36));
      }
    }
    this.#add(service, seen);
  }

  #add(service: string, seen: Seen): void {
    if (this.#services === nothing) this.#services = new Map([[service, seen]]);
    else (this.#services as Map<string, Seen>).set(service, seen);
  }
}

function textOf(service: string, { log, partitions, everything: all }: Seen): string {
  const positions = [...partitions].toSorted(([a], [b]) => a - b).map(([partition, above]) => `${partition}=${above.toString(36)}`);
  return `${service}:${log}:${all ? everything : positions.join(",")}`;
}

const malformed = (what: string): Failure =>
  new Failure("INVALID_INPUT", { what: `the session token is not valid: ${what}`, at: "session", issues: [{ pointer: "", detail: what }] });
