// What is on the disk now, command by command. Asked at every answer, so rows are read once, when they are first seen.
import { placedRecords, type SimulatedDisk } from "@atoll/core/journal/simulated";

interface Known {
  /** By partition: how many of its rows are read. */
  readonly rows: Map<number, number>;
  readonly commands: Set<string>;
  /** By entity. */
  readonly versions: Map<string, number>;
}

/** One entity, and the service whose log it writes. */
export interface Place {
  readonly service: string;
  readonly type: string;
  readonly key: string;
}

export class LoggedRecords {
  readonly #disk: SimulatedDisk;
  readonly #services = new Map<string, Known>();

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  /** Whether the command is in the log. */
  has(place: Place, id: string): boolean {
    return this.#known(place.service).commands.has(`${entityOf(place)}\0${id}`);
  }

  /** Events of the entity that are in the log. */
  version(place: Place): number {
    return this.#known(place.service).versions.get(entityOf(place)) ?? 0;
  }

  #known(service: string): Known {
    let known = this.#services.get(service);
    if (!known) this.#services.set(service, (known = { rows: new Map(), commands: new Set(), versions: new Map() }));
    const { rows, commands, versions } = known;
    const seen = new Map<number, number>();
    for (const row of this.#disk.rows(service)) {
      const count = (seen.get(row.partition) ?? 0) + 1;
      seen.set(row.partition, count);
      if (count <= (rows.get(row.partition) ?? 0)) continue;
      for (const { record } of placedRecords([row])) {
        const entity = entityOf(record);
        commands.add(`${entity}\0${record.id}`);
        versions.set(entity, record.version);
      }
    }
    for (const [partition, count] of seen) rows.set(partition, count);
    return known;
  }
}

const entityOf = ({ type, key }: { readonly type: string; readonly key: string }): string => `${type}\0${key}`;
