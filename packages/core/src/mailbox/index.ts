export { Deadlines, deadlineTickMs } from "./deadlines.ts";
export { addressOf, Inbox, Message, type MessageAnswer, type MessageInit } from "./message.ts";
