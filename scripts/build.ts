// `npm run build`: makes packages/X/dist a complete package directory for each published package, and fails unless
// publint and attw find nothing to say about it. `--smoke` then installs the packed result into an empty folder and
// runs the hello example from there.
//
// In the repository a package's exports name its sources, so that nothing needs building to run; here they are
// rewritten to what the compiler made of them.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./generated.ts";
import { smoke } from "./smoke.ts";

/** In the order of their dependencies: each is compiled against the declarations of those before it. */
const published = ["core", "gateway", "read-model", "testkit", "cli"] as const;
type PackageName = (typeof published)[number];

type Versions = { readonly [name: string]: string };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: { readonly [subpath: string]: string };
  readonly bin?: { readonly [command: string]: string };
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly scripts?: unknown;
  readonly private?: boolean;
}

const folderOf = (name: PackageName): string => join(root, "packages", name);
const distOf = (name: PackageName): string => join(folderOf(name), "dist");
const read = (path: string): Manifest => JSON.parse(readFileSync(path, "utf8")) as Manifest;
const write = (path: string, value: unknown): void => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

function fail(what: string): never {
  console.error(what);
  process.exit(1);
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin", command), args, { cwd, encoding: "utf8" });
  if (status !== 0) fail(`${command} ${args.join(" ")} (in ${cwd}) failed:\n${error?.message ?? stdout + stderr}`);
}

/** Where a source file of the package ends up, without its extension: "./src/entity/index.ts" → "./entity/index". */
const builtStem = (source: string): string => source.replace(/^\.\/src\//, "./").replace(/\.[jt]s$/, "");
const built = (source: string): string => `${builtStem(source)}.js`;

function compile(name: PackageName): void {
  // Below node_modules, so that `types` and packages resolve as in the repository, and nothing of it is ever committed.
  const config = join(root, `node_modules/.cache/atoll/tsconfig.${name}.json`);
  mkdirSync(dirname(config), { recursive: true });
  const paths = Object.fromEntries(
    published.slice(0, published.indexOf(name)).flatMap((other) => {
      const { name: imported, exports } = read(join(folderOf(other), "package.json"));
      return Object.entries(exports ?? {}).map(([subpath, source]) => [
        imported + subpath.slice(1),
        [join(distOf(other), `${builtStem(source)}.d.ts`)],
      ]);
    }),
  );
  const src = join(folderOf(name), "src");
  write(config, {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      outDir: distOf(name),
      rootDir: src,
      declaration: true,
      declarationMap: true,
      rewriteRelativeImportExtensions: true,
      paths,
    },
    include: [src],
    exclude: ["**/*.test.ts", "**/*-under-test.ts", "**/tck/**"].map((pattern) => join(src, pattern)),
  });
  run("tsc", ["-p", config], root);
}

function publishedManifest(name: PackageName): unknown {
  const { scripts: _, devDependencies: __, private: ___, exports, bin, dependencies, ...rest } = read(join(folderOf(name), "package.json"));
  return {
    ...rest,
    ...(bin && { bin: Object.fromEntries(Object.entries(bin).map(([command, source]) => [command, built(source)])) }),
    ...(exports && {
      exports: Object.fromEntries(
        Object.entries(exports).map(([subpath, source]) => [subpath, { types: `${builtStem(source)}.d.ts`, default: built(source) }]),
      ),
    }),
    ...(dependencies && { dependencies: Object.fromEntries(Object.entries(dependencies).map(pinned)) }),
  };
}

/** Packages of this repository are released together and fit only each other's exact version. */
function pinned([dependency, range]: readonly [string, string]): readonly [string, string] {
  const other = published.find((name) => dependency === `@atoll/${name}`);
  return [dependency, other === undefined ? range : read(join(folderOf(other), "package.json")).version];
}

function build(name: PackageName): void {
  const dist = distOf(name);
  rmSync(dist, { recursive: true, force: true });
  compile(name);
  const readme = join(folderOf(name), "README.md");
  if (!existsSync(readme)) fail(`${readme} is missing: a package without one is not published`);
  copyFileSync(readme, join(dist, "README.md"));
  copyFileSync(join(root, "LICENSE"), join(dist, "LICENSE"));
  write(join(dist, "package.json"), publishedManifest(name));
  run("publint", ["run", dist, "--strict", "--level", "suggestion"], root);
  if (Object.keys(read(join(folderOf(name), "package.json")).exports ?? {}).length > 0) {
    run("attw", ["--pack", dist, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--no-color"], root);
  }
}

for (const name of published) {
  const startedMs = performance.now();
  build(name);
  console.log(`ok  packages/${name}/dist ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
if (process.argv.includes("--smoke")) await smoke(published.map(distOf));
