// What the subpath publishes: links over Unix domain sockets, for processes of one machine.
export { SocketTransport } from "./socket-transport.ts";
