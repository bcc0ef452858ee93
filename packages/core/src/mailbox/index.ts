export { Deadlines } from "./deadlines.ts";
export { type LogIdentity, Session, type Wanted } from "./session.ts";
export { addressOf, Inbox, Message, type MessageAnswer, type Spread } from "./message.ts";
export { nextSpan, storedTrace, traceField, traceIn, traceOfRequest } from "./trace.ts";
