// The text format of Prometheus (version 0.0.4), of one registry or of several: each family once, with its help and type, and
// below them the lines of all. Series of different registries must differ in a label.

export interface MetricFamily {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** Of its samples. */
  readonly lines: readonly string[];
}

/** Families of one name and two kinds, which registries of different versions may have: the lines of the first kind are shown. */
export function exposition(registries: readonly (readonly MetricFamily[])[]): string {
  const byName = new Map<string, MetricFamily[]>();
  for (const family of registries.flat()) {
    const same = byName.get(family.name);
    if (!same) byName.set(family.name, [family]);
    else if (same[0]?.kind === family.kind) same.push(family);
  }
  const lines: string[] = [];
  for (const name of [...byName.keys()].sort()) {
    const same = byName.get(name) as MetricFamily[];
    const { help, kind } = same[0] as MetricFamily;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const family of same) lines.push(...family.lines);
  }
  return `${lines.join("\n")}\n`;
}
