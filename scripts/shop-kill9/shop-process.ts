// The shop as the commands that kill run it: `npm start` on a folder of its own, beside a bank that fails and hangs.
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../generated.ts";
import { Victim } from "../kill9/victim.ts";

const bankFaults = "latency=20ms,errors=0.1,hangs=0.02";

export class ShopProcess {
  readonly victim: Victim;
  /** The data directory. */
  readonly data: string;
  readonly #folder: string;
  #bank = "";

  private constructor(folder: string) {
    this.#folder = folder;
    this.data = join(folder, "data");
    const command = [join(root, "scripts/start.ts"), "--data", this.data, "--bank", bankFaults];
    this.victim = new Victim(command, (line) => {
      const port = /^bank is open on port (\d+)/.exec(line)?.[1];
      if (port !== undefined) this.#bank = `http://127.0.0.1:${port}`;
    });
  }

  /** Resolves once it listens. `run`: what its folder is called after. */
  static async open(run: string): Promise<ShopProcess> {
    const shop = new ShopProcess(await mkdtemp(join(tmpdir(), `atoll-${run}-`)));
    process.once("exit", () => shop.destroy());
    await shop.victim.spawn();
    await shop.victim.listening();
    return shop;
  }

  /** Address of the bank that is open now. */
  get bank(): string {
    return this.#bank;
  }

  /** Whatever state it is in. Its folder goes with it. */
  destroy(): void {
    this.victim.destroy();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
