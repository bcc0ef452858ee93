// What @atoll/core/tables publishes: the port. Implementations have subpaths of their own, tables/sqlite and tables/simulated;
// the conformance suite (tables/tck) is imported by path, from tests.
export {
  type Group,
  type ReadTableFile,
  type Refusal,
  resultBytesMax,
  type Rows,
  rowsMax,
  type SqlValue,
  type Statement,
  TableError,
  type TableErrorKind,
  type TableFile,
  type TableStore,
} from "./table-store.ts";
