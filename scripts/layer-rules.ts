// Turns the table of layers.ts into the rules of dependency-cruiser and into the Markdown that stands in
// ARCHITECTURE.md. Pure: reads nothing, runs nothing.
import type { IForbiddenRuleType } from "dependency-cruiser";
import { chambers, confined, packages, rooms, type Package, type Room } from "./layers.ts";

const core = "packages/core/src";
/** Tests and what only tests import. They may use any double of a lower layer, but no layer above their own. */
const testPath = String.raw`(\.test\.ts$|-under-test\.ts$|^packages/[^/]+/test/|/tck/)`;

/** Tests that need systems, or the whole programming model, whichever package keeps it. */
const wholeSystemTests = String.raw`^packages/(cli/test/systems/|core/test/(types/|sim/nodes-world\.ts$)|testkit/(src/.+\.test\.ts$|test/types/))`;

const quoted = (text: string): string => text.replaceAll(/[.+*?^$()[\]{}|\\]/g, String.raw`\$&`);
const within = (folders: readonly string[]): string => `^(${folders.map(quoted).join("|")})/`;
const folderOf = (room: Room): string => `${core}/${room.folder}`;

function above(room: Room): readonly Room[] {
  return rooms.filter((other) => other !== room && other.level >= room.level);
}

function below(room: Room): readonly Room[] {
  return rooms.filter((other) => other.level < room.level);
}

function roomRules(): IForbiddenRuleType[] {
  return rooms
    .filter((room) => above(room).length > 0)
    .map((room) => ({
      name: `layer-${room.name}`,
      comment: `${room.name} (L${room.level}) imports ${
        below(room)
          .map((other) => other.name)
          .join(", ") || "nothing of core"
      }; never upwards, never a sibling.`,
      severity: "error",
      from: { path: within([folderOf(room)]) },
      to: { path: within(above(room).map(folderOf)) },
    }));
}

/** Where an importer named in `chambers` lives. */
function importerPath(name: string): string {
  const room = rooms.find((candidate) => candidate.name === name);
  if (room) return `^${quoted(folderOf(room))}/`;
  const owner = packages.find((candidate) => candidate.name === name);
  return owner ? `^${quoted(owner.folder)}/` : `^${quoted(`${core}/${name}`)}${name.endsWith(".ts") ? "$" : "/"}`;
}

function chamberRules(): IForbiddenRuleType[] {
  return chambers.map(({ folder, importers, why }) => ({
    name: `chamber-${folder.replace("/", "-")}`,
    comment: `${folder} is imported by ${[...importers, "tests"].join(", ")} only: ${why}.`,
    severity: "error",
    from: { pathNot: [within([`${core}/${folder}`, "scripts"]), testPath, ...importers.map(importerPath)] },
    to: { path: within([`${core}/${folder}`]) },
  }));
}

function packageRules(): IForbiddenRuleType[] {
  return packages.flatMap((owner): IForbiddenRuleType[] => {
    const strangers = packages.filter((other) => other !== owner && !owner.packages.includes(other.name));
    const rules: IForbiddenRuleType[] = [
      {
        name: `libraries-${owner.name}`,
        comment: `${owner.folder} imports ${owner.libraries.join(", ") || "no library"}.`,
        severity: "error",
        from: { path: within([owner.folder]), pathNot: testPath },
        to: {
          path: "(^|/)node_modules/",
          ...(owner.libraries.length === 0 ? {} : { pathNot: `(^|/)node_modules/(${owner.libraries.map(quoted).join("|")})/` }),
        },
      },
    ];
    if (strangers.length > 0) {
      rules.push({
        name: `package-${owner.name}`,
        comment: `${owner.folder} imports ${owner.packages.join(", ") || "no other package"}.`,
        severity: "error",
        from: { path: within([owner.folder]), pathNot: wholeSystemTests },
        to: { path: within(strangers.map((other) => other.folder)) },
      });
    }
    return rules;
  });
}

function confinementRules(): IForbiddenRuleType[] {
  return confined.map(({ modules, to, why }) => ({
    name: `confined-${modules[0]}`,
    comment: `${modules.join(", ")} only in ${to.join(", ")}: ${why}.`,
    severity: "error",
    from: { path: "^packages/", pathNot: [within(to), testPath] },
    to: { path: `^(node:)?(${modules.join("|")})$` },
  }));
}

const generalRules: readonly IForbiddenRuleType[] = [
  {
    name: "no-cycle",
    comment: "Files that need each other are one concept, or miss a third.",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "published-subpaths",
    comment: "Leads nowhere. Another package is entered by its name and one of the subpaths in its `exports`.",
    severity: "error",
    from: { path: "^(packages|examples|bench)/" },
    to: { couldNotResolve: true },
  },
  {
    name: "no-way-round",
    comment: "Another package is imported by its name, never by a relative path.",
    severity: "error",
    from: { path: "^(packages/[^/]+|examples|bench)/" },
    to: { path: "^(packages/[^/]+|examples|bench|scripts)/", pathNot: "^$1/", dependencyTypes: ["local"] },
  },
  {
    name: "no-test-in-production",
    comment: "Published code does not import tests.",
    severity: "error",
    from: { path: "^packages/", pathNot: testPath },
    to: { path: testPath },
  },
];

export function layerRules(): IForbiddenRuleType[] {
  return [...roomRules(), ...chamberRules(), ...packageRules(), ...confinementRules(), ...generalRules];
}

const list = (names: readonly string[]): string => names.join(", ") || "–";
const packageRow = (owner: Package): string =>
  `| | ${owner.folder} | ${owner.holds} | ${list([...owner.packages.map((name) => `@atoll/${name}`), ...owner.libraries])} |`;

/** The table as it stands in ARCHITECTURE.md, top layer first. */
export function layerTable(): string {
  const byHeight = [...rooms].sort((a, b) => b.level - a.level);
  return [
    "| layer | room of core, or package | holds | may import |",
    "|---|---|---|---|",
    ...packages.filter((owner) => owner.name !== "core").map(packageRow),
    ...byHeight.map((room) => `| L${room.level} | ${room.folder} | ${room.holds} | ${list(below(room).map((other) => other.name))} |`),
    "",
    "Besides tests, only these import an implementation of a port:",
    "",
    "| part | imported by | because |",
    "|---|---|---|",
    ...chambers.map(({ folder, importers, why }) => `| ${folder} | ${list(importers)} | ${why} |`),
    ...confined.map(({ modules, to, why }) => `| ${modules.map((name) => `node:${name}`).join(", ")} | ${to.join(", ")} | ${why} |`),
  ].join("\n");
}
