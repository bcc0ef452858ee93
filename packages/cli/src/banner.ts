// What a person reads once a system runs: where to look.
import type { System } from "@atoll/core";

/** `url`: of the gateway, "" without one. `data`: as the person knows it. */
export function banner({ name, services }: System, url: string, data: string): string {
  const lines = [`${name} is running: ${services.map((service) => service.name).join(", ") || "nothing"}`, ""];
  if (url === "") lines.push("  gateway   none: nobody can reach it over HTTP");
  else
    lines.push(
      `  open      ${url}`,
      `  docs      ${url}/docs`,
      `  openapi   ${url}/openapi.json`,
      `  health    ${url}/health`,
      `  metrics   ${url}/metrics`,
    );
  lines.push(`  data      ${data}`, `  stop      Ctrl-C, or kill ${process.pid}`, "");
  return `${lines.join("\n")}\n`;
}
