import { tableTck } from "../tck/table-tck.ts";
import { sqliteUnderTest } from "./sqlite-under-test.ts";

tableTck("in SQLite files", sqliteUnderTest);
