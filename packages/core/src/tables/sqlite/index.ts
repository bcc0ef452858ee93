// What the subpath publishes: tables in files, for processes with a disk.
export { SqliteTableStore } from "./sqlite-table-store.ts";
