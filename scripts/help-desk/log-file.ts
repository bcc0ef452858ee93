// The log as it is in the file: lines in order, words as they were given. Knows nothing of the system.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { root } from "../generated.ts";

export interface Line {
  readonly at: string;
  readonly caseId: string;
  readonly activity: string;
  readonly resource: string;
  readonly seriousness: string;
  readonly customer: string;
  readonly product: string;
}

const file = join(root, "examples/help-desk/data/helpdesk.csv.gz");
const header = "timestamp,case,activity,resource,seriousness,customer,product";

class LogFileError extends Error {
  override readonly name = "LogFileError";
}

export function readLog(): readonly Line[] {
  const [first, ...lines] = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split(/\r?\n/);
  if (first !== header) throw new LogFileError(`${file} begins with "${first}"`);
  return lines.map((line, i) => {
    const fields = line.split(",");
    if (fields.length !== 7 || fields.includes("") || line.includes('"')) throw new LogFileError(`${file}: line ${i + 2} has another form`);
    const [at, caseId, activity, resource, seriousness, customer, product] = fields as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return { at, caseId, activity, resource, seriousness, customer, product };
  });
}
