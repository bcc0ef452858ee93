// Basic credentials (RFC 7617), for routes that hand them to an operation. Who somebody is, is that operation's business.
import { Problem } from "./problem.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads `Authorization: Basic …`, as UTF-8 without control characters. Where there is none that can be read the request is answered 401. */
export function basic(headers: Headers): Credentials {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(headers.get("authorization") ?? "")?.[1];
  const pair = encoded === undefined ? undefined : textOf(encoded);
  const colon = pair?.indexOf(":") ?? -1;
  if (pair === undefined || colon === -1 || /\p{Cc}/u.test(pair)) {
    throw new Problem("UNAUTHENTICATED", {
      detail: "Send Basic credentials in the Authorization header.",
      headers: { "www-authenticate": 'Basic realm="atoll", charset="UTF-8"' },
    });
  }
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function textOf(encoded: string): string | undefined {
  try {
    return utf8.decode(Uint8Array.from(atob(encoded), (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined; // not base64, or not UTF-8: no credentials that anybody could check
  }
}
