// What handlers want to know from outside, read once, before anything starts.
import { Failure, type Issue } from "../base/failure.ts";
import { checkOf, type Implementation } from "../contract/index.ts";
import type { AnyHandlers } from "../handlers/index.ts";
import type { System } from "./definition.ts";

/** Every handler's configuration, validated before anything starts; all that is wrong in one failure. */
export function readConfig(
  system: System,
  source: { readonly [name: string]: string | undefined },
): Map<Implementation, { readonly [name: string]: unknown }> {
  const configs = new Map<Implementation, { readonly [name: string]: unknown }>();
  const issues: Issue[] = [];
  for (const { parts } of system.services) {
    for (const part of parts) {
      if (part.kind !== "handlers") continue;
      const config: Record<string, unknown> = {};
      for (const [name, schema] of Object.entries((part as AnyHandlers).how.config)) {
        try {
          config[name] = checkOf(schema, name)(source[name]);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          issues.push(...error.issues.map(({ pointer, detail }) => ({ pointer: `/${name}${pointer}`, detail })));
        }
      }
      configs.set(part, Object.freeze(config));
    }
  }
  if (issues.length === 0) return configs;
  const what = issues.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`).join("; ");
  throw new Failure("INVALID_CONFIG", { what, at: `system "${system.name}"`, issues });
}
