// Which commands are on the disk now. Asked at every answer, so rows are read once, when they are first seen.
import { placedRecords, type SimulatedDisk } from "@atoll/core/journal/simulated";

export class LoggedCommands {
  readonly #disk: SimulatedDisk;
  /** By service: how many rows of each partition are known, and the commands in them. */
  readonly #services = new Map<string, { readonly rows: Map<number, number>; readonly commands: Set<string> }>();

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  has(service: string, type: string, key: string, id: string): boolean {
    let known = this.#services.get(service);
    if (!known) this.#services.set(service, (known = { rows: new Map(), commands: new Set() }));
    const { rows, commands } = known;
    const seen = new Map<number, number>();
    for (const row of this.#disk.rows(service)) {
      const index = (seen.get(row.partition) ?? 0) + 1;
      seen.set(row.partition, index);
      if (index <= (rows.get(row.partition) ?? 0)) continue;
      for (const { record } of placedRecords([row])) commands.add(commandOf(record.type, record.key, record.id));
    }
    for (const [partition, count] of seen) rows.set(partition, count);
    return commands.has(commandOf(type, key, id));
  }
}

const commandOf = (type: string, key: string, id: string): string => `${type}\0${key}\0${id}`;
