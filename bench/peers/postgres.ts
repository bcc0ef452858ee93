// A PostgreSQL of this run's own: an empty cluster in a folder of its own, on a free port of this machine only, behind a
// password made for it. Its settings are PostgreSQL's own defaults, which are durable: a commit is answered after its WAL record
// has been synced, and commits that wait at the same time share a sync.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, chmodSync, chownSync, constants, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { CannotRun } from "./peer-process.ts";
import { freePort } from "../free-port.ts";
import { ServerProcess } from "./server-program.ts";

export interface Postgres extends AsyncDisposable {
  readonly version: string;
  /** Of a database with this name, with a user who may create it. */
  url(database: string): string;
}

/** Where distributions put versions beside each other, which are not in the path. */
const versionedFolders = ["/usr/lib/postgresql", "/usr/local/opt/postgresql", "/usr/pgsql"];
const user = "bench";
/** A superuser of the machine may not run it. */
const accounts = ["postgres", "nobody"];

/** The folder with `initdb` and `postgres`: the first of the path, else of the newest version. */
export function findPostgres(path: string, versioned: readonly string[] = versionedFolders): string {
  const beside = versioned.flatMap((folder) => versionsBelow(folder).map((version) => join(folder, version, "bin")));
  const found = [...path.split(delimiter), ...beside].find((folder) => isProgram(folder, "initdb") && isProgram(folder, "postgres"));
  if (found === undefined) throw new CannotRun("needs PostgreSQL (Debian: sudo apt-get install -y postgresql)");
  return found;
}

function versionsBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort((a, b) => Number(b) - Number(a));
  } catch {
    return []; // no such folder: not this distribution
  }
}

function isProgram(folder: string, name: string): boolean {
  try {
    accessSync(join(folder, name), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function openPostgres(directory: string): Promise<Postgres> {
  const programs = findPostgres(process.env["PATH"] ?? "");
  const account = accountForServer();
  const home = join(directory, "postgres");
  const data = join(home, "data");
  const passwordFile = join(home, "password");
  const password = randomBytes(16).toString("hex");
  mkdirSync(home);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) {
    for (const path of [home, passwordFile]) chownSync(path, account.uid, account.gid);
    // It passes through the folders of the run, and sees nothing in them.
    for (const path of [directory, dirname(directory)]) chmodSync(path, 0o711);
  }
  const options = { cwd: home, ...account };
  const initdb = ["-D", data, "-U", user, "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--encoding=UTF8", "--locale=C"];
  try {
    await promisify(execFile)(join(programs, "initdb"), initdb, options);
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new CannotRun(`initdb: ${stderr?.trim().split("\n").at(-1) ?? String(error)}`);
  }
  const port = await freePort();
  const server = new ServerProcess({
    program: join(programs, "postgres"),
    args: ["-D", data, "-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${home}`],
    ...options,
    killedBy: "SIGQUIT",
  });
  await server.ready((said) => said.includes("database system is ready to accept connections"));
  const { stdout } = await promisify(execFile)(join(programs, "postgres"), ["--version"]);
  return {
    version: /[\d.]+/.exec(stdout)?.[0] ?? "",
    url: (database) => `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Undefined if this process's own will do. */
function accountForServer(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  const line = accounts
    .map((account) => lines.find((candidate) => candidate.startsWith(`${account}:`)))
    .find((found) => found !== undefined);
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined)
    throw new CannotRun(`PostgreSQL does not run as root, and there is no user ${accounts.join(" or ")}`);
  return { uid: Number(uid), gid: Number(gid) };
}
