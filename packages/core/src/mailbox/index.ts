export { Deadlines } from "./deadlines.ts";
export { addressOf, Inbox, Message, type MessageAnswer } from "./message.ts";
