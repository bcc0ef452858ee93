// The newest lines of the logs of all nodes, for whoever asks for them, and the new ones for whoever goes on listening. Both are bounded: the log itself
// is what the supervisor writes to its standard error.

/** Lines that are kept of one node, and UTF-16 units of them together. */
export const linesMax = 500;
const lengthMax = 1 << 20;
/** Names of nodes whose lines are kept; the one that has said nothing for longest goes. */
const nodesMax = 256;

export interface NodeLine {
  readonly service: string;
  readonly text: string;
}

interface Kept {
  readonly n: number;
  readonly text: string;
}

class NodeLines {
  readonly service: string;
  readonly lines: Kept[] = [];
  #length = 0;

  constructor(service: string) {
    this.service = service;
  }

  take(line: Kept): void {
    this.lines.push(line);
    this.#length += line.text.length;
    while (this.lines.length > linesMax || (this.#length > lengthMax && this.lines.length > 1))
      this.#length -= this.lines.shift()?.text.length ?? 0;
  }
}

/** Takes lines as they come. `ended`: there will be no more. */
export interface Follower {
  readonly line: (line: NodeLine) => void;
  readonly ended: () => void;
}

export class RecentLines {
  readonly #nodes = new Map<string, NodeLines>();
  readonly #followers = new Set<Follower>();
  #last = 0;

  take(service: string, node: string, text: string): void {
    const lines = this.#nodes.get(node) ?? new NodeLines(service);
    this.#nodes.delete(node); // those that have said something last are last
    this.#nodes.set(node, lines);
    if (this.#nodes.size > nodesMax) this.#nodes.delete(this.#nodes.keys().next().value as string);
    lines.take({ n: (this.#last += 1), text });
    for (const { line } of this.#followers) line({ service, text });
  }

  /** The newest `count` of a service, or of all, in the order in which they came. */
  newest(service: string | undefined, count: number): readonly string[] {
    const kept = [...this.#nodes.values()].flatMap((node) => (service === undefined || node.service === service ? node.lines : []));
    kept.sort((a, b) => a.n - b.n);
    return count === 0 ? [] : kept.slice(-count).map(({ text }) => text);
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** What it returns ends it. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  close(): void {
    for (const { ended } of this.#followers) ended();
    this.#followers.clear();
  }
}
