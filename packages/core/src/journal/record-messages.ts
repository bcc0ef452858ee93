// What a record publishes, read off its line in the log as text, without making objects of what is private in it: a publisher
// passes messages on as they are stored, and parsing the rest would cost more than everything else it does for a message (ADR 0031).
//
// It relies on what `encodeRecord` writes: JSON without white space, whose members have names without escapes. That the line is what was
// written is known from its row's checksum; where it is not, the line is damaged.
import { JournalError } from "./journal.ts";

/** Members as JSON text. */
export interface RecordMessages {
  readonly key: string;
  readonly version: string;
  readonly now: string;
  readonly caller: string;
  /** "" where the record has none. */
  readonly trace: string;
  /** Those of one topic, each with its place among those of all topics. */
  readonly messages: readonly { readonly index: number; readonly data: string }[];
}

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const bracketOpen = 0x5b;
const bracketClose = 0x5d;
const braceOpen = 0x7b;
const braceClose = 0x7d;

/** `type` and `topic`: as JSON text. Undefined if the record is of another type or publishes nothing on the topic. Throws a `JournalError`. */
export function messagesOf(line: string, type: string, topic: string): RecordMessages | undefined {
  let [key, version, now, caller, trace] = ["", "", "", "", ""];
  let messages: RecordMessages["messages"] = [];
  for (let at = 0; line.charCodeAt(at) !== braceClose;) {
    const from = endOfText(line, at + 1) + 1; // behind a brace or a comma, a name and a colon
    const to = endOfValue(line, from);
    switch (line.slice(at + 2, from - 2)) {
      case "type":
        if (line.slice(from, to) !== type) return undefined;
        break;
      case "key":
        key = line.slice(from, to);
        break;
      case "version":
        version = line.slice(from, to);
        break;
      case "now":
        now = line.slice(from, to);
        break;
      case "caller":
        caller = line.slice(from, to);
        break;
      case "trace":
        trace = line.slice(from, to);
        break;
      case "topics":
        messages = messagesIn(line, from, topic);
    }
    at = to;
  }
  return messages.length > 0 ? { key, version, now, caller, trace, messages } : undefined;
}

/** Of a list of [topic, data] that begins at `from`. */
function messagesIn(line: string, from: number, topic: string): RecordMessages["messages"] {
  const messages: RecordMessages["messages"][number][] = [];
  let at = from;
  for (let index = 0; line.charCodeAt(at) !== bracketClose && line.charCodeAt(at + 1) !== bracketClose; index++) {
    const begin = at + 2; // behind a bracket or a comma, and a bracket
    const named = endOfText(line, begin);
    const end = endOfValue(line, named + 1);
    if (line.slice(begin, named) === topic) messages.push({ index, data: line.slice(named + 1, end) });
    at = end + 1;
  }
  return messages;
}

/** Behind the text whose opening quote is at `at`. */
function endOfText(line: string, at: number): number {
  if (line.charCodeAt(at) !== quote) throw damaged(line, at);
  for (let end = line.indexOf('"', at + 1); end >= 0; end = line.indexOf('"', end + 1)) {
    let before = end - 1;
    while (line.charCodeAt(before) === backslash) before -= 1;
    if ((end - before) % 2 === 1) return end + 1; // an even number of backslashes escape each other
  }
  throw damaged(line, at);
}

/** Behind the value that begins at `from`. */
function endOfValue(line: string, from: number): number {
  const first = line.charCodeAt(from);
  if (first === quote) return endOfText(line, from);
  if (first !== bracketOpen && first !== braceOpen) {
    for (let at = from; at < line.length; at++) {
      const code = line.charCodeAt(at);
      if (code === comma || code === braceClose || code === bracketClose) return at;
    }
    throw damaged(line, from);
  }
  let depth = 0;
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === quote) at = endOfText(line, at) - 1;
    else if (code === bracketOpen || code === braceOpen) depth += 1;
    else if ((code === bracketClose || code === braceClose) && (depth -= 1) === 0) return at + 1;
  }
  throw damaged(line, from);
}

const damaged = (line: string, at: number): JournalError =>
  new JournalError("damaged", `the record "${line.slice(0, 80)}…" is not JSON as it is written, at character ${at}`);
