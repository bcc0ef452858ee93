// What a call belongs to, in words that other software knows: W3C Trace Context, version 00 (https://www.w3.org/TR/trace-context/). A
// trace is its `traceparent`, 55 characters: "00-", 32 hexadecimal digits that everything of one request has in common, "-", 16 that
// name the span which made the call, "-", flags. It travels with a message, and is stored where the platform goes on by itself because of
// one (ADR 0041).
//
//  T1  valid or none    What others send is taken if it is valid; anything else counts as nothing, and never fails a request.
//  T2  one trace        Whatever is asked because of a call has the trace id of that call.
//  T3  own spans        Whoever asks because of a call names itself as the span: the gateway, each run of a handler, each step of a saga, each
//                       run of `react`.
//  T4  nothing for none A call that has no trace begins none, draws no random number for one, and sends no header.
//  T5  goes on          What was stored because of a call, and is done later or after a crash, is of the trace of that call: what handlers told,
//                       what a topic's messages make others tell, both also as dead letters that are sent again, the steps of a saga, what was
//                       answered 202.
//  T6  nobody's input   A trace decides nothing: a command that is repeated under its id is the same one, whatever trace it comes with.
import type { Random } from "../runtime/index.ts";

const traceLength = 55;
const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The only flag that version 00 defines: whoever sent it may have recorded it. The others must not be passed on. */
const sampledFlag = 1;

/** Undefined for what is none. */
export const traceIn = (text: string): string | undefined => (text.length === traceLength && form.test(text) ? text : undefined);

/** Of what a log says: whatever wrote it, nothing is sent on that is none. */
export const storedTrace = (text: string | undefined): string | undefined => (text === undefined ? undefined : traceIn(text));

/** For a call that somebody makes because of what came with `trace`: the same trace, and a span of their own. */
export const nextSpan = (trace: string, random: Random): string => traceText(traceIdOf(trace), random, flagsOf(trace));

/** For the calls of a request that came with this header, or with none. */
export function traceOfRequest(header: string | null, random: Random): string {
  const given = header === null ? undefined : traceIn(header);
  return given === undefined ? traceText(random.id(), random, 0) : nextSpan(given, random);
}

/** The member of a log line that concerns a call. */
export const traceField = (trace: string | undefined): { readonly trace?: string } =>
  trace === undefined ? {} : { trace: traceIdOf(trace) };

const traceIdOf = (trace: string): string => trace.slice(3, 35);

const flagsOf = (trace: string): number => Number.parseInt(trace.slice(53), 16) & sampledFlag;

const traceText = (id: string, random: Random, flags: number): string => `00-${id}-${random.id().slice(0, 16)}-0${flags}`;
