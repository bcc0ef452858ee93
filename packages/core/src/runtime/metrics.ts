// Counters, gauges and histograms in the Prometheus model. Own code, because the core has no runtime dependencies and the virtual
// runtime must be able to read the same numbers.
import { exposition, type MetricFamily } from "./exposition.ts";

type Labels = { readonly [name: string]: string };

interface Series {
  readonly labels: string;
  value: number;
}

export interface Counter {
  add(amount: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

interface Family {
  readonly kind: MetricFamily["kind"];
  readonly help: string;
  /** Appends the sample lines of this family, read at the moment of rendering. */
  readonly samples: ((lines: string[]) => void)[];
}

const escapeLabel = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(",");
const braced = (labels: string): string => (labels === "" ? "" : `{${labels}}`);

/** One registry per running system. The names that exist are listed in docs/metrics.md. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #common: Labels;

  /** `common`: labels of every series, but where it has one of that name itself. */
  constructor(common: Labels = {}) {
    this.#common = common;
  }

  /** The same name and labels twice give two counters whose samples would clash: create each series once. */
  counter(name: string, help: string, labels: Labels = {}): Counter {
    const series: Series = { labels: this.#labels(labels), value: 0 };
    this.#family(name, "counter", help).samples.push((lines) => lines.push(`${name}${braced(series.labels)} ${series.value}`));
    return {
      add: (amount) => {
        series.value += amount;
      },
    };
  }

  /** A gauge is read when somebody looks; `read` must be cheap. */
  gauge(name: string, help: string, labels: Labels, read: () => number): void {
    const text = braced(this.#labels(labels));
    this.#family(name, "gauge", help).samples.push((lines) => lines.push(`${name}${text} ${read()}`));
  }

  /** `bounds`: upper bounds of the buckets, rising; +Inf is added. */
  histogram(name: string, help: string, labels: Labels, bounds: readonly number[]): Histogram {
    const text = this.#labels(labels);
    const counts = new Array<number>(bounds.length + 1).fill(0);
    let sum = 0;
    const join = (extra: string): string => braced(text === "" ? extra : `${text},${extra}`);
    this.#family(name, "histogram", help).samples.push((lines) => {
      let total = 0;
      bounds.forEach((bound, i) => lines.push(`${name}_bucket${join(`le="${bound}"`)} ${(total += counts[i] ?? 0)}`));
      total += counts[bounds.length] ?? 0;
      lines.push(
        `${name}_bucket${join('le="+Inf"')} ${total}`,
        `${name}_sum${braced(text)} ${sum}`,
        `${name}_count${braced(text)} ${total}`,
      );
    });
    return {
      observe: (value) => {
        let i = 0;
        while (i < bounds.length && value > (bounds[i] as number)) i += 1;
        counts[i] = (counts[i] as number) + 1;
        sum += value;
      },
    };
  }

  /** The whole registry, read now, families sorted by name. */
  families(): readonly MetricFamily[] {
    return [...this.#families.keys()].sort().map((name) => {
      const { kind, help, samples } = this.#families.get(name) as Family;
      const lines: string[] = [];
      for (const sample of samples) sample(lines);
      return { name, kind, help, lines };
    });
  }

  /** The same as Prometheus text. */
  render(): string {
    return exposition([this.families()]);
  }

  #labels(labels: Labels): string {
    return labelText({ ...this.#common, ...labels });
  }

  #family(name: string, kind: Family["kind"], help: string): Family {
    const known = this.#families.get(name);
    if (known) return known;
    const family: Family = { kind, help, samples: [] };
    this.#families.set(name, family);
    return family;
  }
}
