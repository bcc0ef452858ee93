// How unreliable the bank is: "latency=50ms,errors=0.1,hangs=0.01". Pure; the chance comes in.

export interface BankFaults {
  /** Mean of the time before an answer, which is between nothing and twice as much. */
  readonly latencyMs: number;
  /** Part of the requests that are answered 503. */
  readonly errors: number;
  /** Part of the requests that are never answered. */
  readonly hangs: number;
}

export const calm: BankFaults = { latencyMs: 0, errors: 0, hangs: 0 };

const latencyMsMax = 60_000;

/** What happens to one request. `before`: the failure comes before the payment is made, so that nothing has happened. */
export interface Fate {
  readonly delayMs: number;
  readonly kind: "answer" | "error" | "hang";
  readonly before: boolean;
}

/** A text that cannot be read is answered with the reason, in `mistake`. */
export function faultsIn(text: string): { readonly faults: BankFaults } | { readonly mistake: string } {
  let { latencyMs, errors, hangs } = calm;
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const [, name = "", value = ""] = /^\s*([a-z]+)\s*=\s*([^\s]+)\s*$/.exec(part) ?? [];
    if (name === "latency") {
      const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(value) ?? [];
      latencyMs = Number(digits) * (unit === "s" ? 1_000 : 1);
      if (!(latencyMs <= latencyMsMax)) return { mistake: `latency is a time of at most 60s, such as 50ms, not "${value}"` };
    } else if (name === "errors" || name === "hangs") {
      const share = /^(?:0|1|0?\.\d+|1\.0+|0\.0+)$/.test(value) ? Number(value) : Number.NaN;
      if (!(share >= 0 && share <= 1)) return { mistake: `${name} is a part of the requests, from 0 to 1, not "${value}"` };
      if (name === "errors") errors = share;
      else hangs = share;
    } else {
      return { mistake: `"${part.trim()}" is none of latency=50ms, errors=0.1, hangs=0.01` };
    }
  }
  if (errors + hangs > 1) return { mistake: "errors and hangs are more than all requests" };
  return { faults: { latencyMs, errors, hangs } };
}

/** `random` is uniform in [0, 1). */
export function fateOf({ latencyMs, errors, hangs }: BankFaults, random: () => number): Fate {
  const delayMs = 2 * latencyMs * random();
  const draw = random();
  const before = random() < 0.5;
  return { delayMs, kind: draw < errors ? "error" : draw < errors + hangs ? "hang" : "answer", before };
}
