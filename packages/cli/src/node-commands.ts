// The grammar of the verbs about processes: what runs, how many of it, where what is owned, what it logs and how it does.
import type { Command } from "commander";
import type { LogsOptions } from "./logs.ts";
import type { NodesOptions } from "./nodes.ts";
import type { ProcessesOptions } from "./processes.ts";
import type { TopOptions } from "./top.ts";

const data = ["--data <DIR>", "the folder that was given to `atoll run` (default: the only one in .atoll)"] as const;
const serviceOrGateway = ["<SERVICE>", "or gateway"] as const;
const asPs = ["--json", "print JSON, as `atoll ps` does"] as const;

export function addNodeCommands(program: Command): void {
  addListings(program);
  addOperations(program);
  addLogs(program);
}

function addListings(program: Command): void {
  program
    .command("ps")
    .description("the processes of the running system")
    .option(...data)
    .option("--json", "print JSON: an array of {service, node, pid, state, restarts, uptime_ms, reason?}")
    .action(async (options: ProcessesOptions) => {
      const { listProcesses } = await import("./processes.ts");
      await listProcesses(options);
    });
  program
    .command("services")
    .description("the services of the running system: how many nodes run each, where its log is open")
    .option(...data)
    .option("--json", "print JSON: an array of {service, state, nodes, running, host, partitions, restarts}")
    .action(async (options: NodesOptions) => {
      const { listServices } = await import("./nodes.ts");
      await listServices(options);
    });
  program
    .command("partitions")
    .description("who owns which partition of the logs")
    .argument("[SERVICE]", "(default: all that have a log)")
    .option(...data)
    .option("--json", "print JSON: an array of {service, partition, node, epoch, state}")
    .action(async (service: string | undefined, options: NodesOptions) => {
      const { listPartitions } = await import("./nodes.ts");
      await listPartitions(service, options);
    });
}

function addOperations(program: Command): void {
  program
    .command("scale")
    .description("run a service as so many nodes; waits until they run and share its partitions, and those that go have ended")
    .argument(...serviceOrGateway)
    .argument("<N>", "1 to 32; those with the highest numbers go first")
    .option(...data)
    .option(...asPs)
    .action(async (service: string, count: string, options: NodesOptions) => {
      const { scaleService } = await import("./nodes.ts");
      await scaleService(service, count, options);
    });
  program
    .command("move")
    .description("have a partition owned by another node, and wait until it is")
    .argument("<SERVICE>")
    .argument("<PARTITION>", "its number, as `atoll partitions` lists it")
    .argument("<NODE>", "of the same service")
    .option(...data)
    .option("--json", "print JSON, as `atoll partitions` does")
    .action(async (service: string, partition: string, node: string, options: NodesOptions) => {
      const { movePartition } = await import("./nodes.ts");
      await movePartition(service, partition, node, options);
    });
  program
    .command("drain")
    .description("end a node in order: others take over what it has; it stays stopped until `restart` or `scale`")
    .argument("<NODE>", "as `atoll ps` lists it")
    .option(...data)
    .option(...asPs)
    .action(async (node: string, options: NodesOptions) => {
      const { drainNode } = await import("./nodes.ts");
      await drainNode(node, options);
    });
  program
    .command("restart")
    .description("another process for each node of a service, one after the other; also for those that have failed or were drained")
    .argument(...serviceOrGateway)
    .option("--rolling", "start each process before the one that it replaces is asked to end")
    .option(...data)
    .option(...asPs)
    .action(async (service: string, options: ProcessesOptions) => {
      const { restartService } = await import("./processes.ts");
      await restartService(service, options);
    });
  program
    .command("wait")
    .description("wait until a service is in a state; ends with 1 if that takes too long")
    .argument(...serviceOrGateway)
    .requiredOption("--state <STATE>", "starting, running, draining, stopped or failed")
    .option("--within <DURATION>", "for how long", "10s")
    .option(...data)
    .option(...asPs)
    .action(async (service: string, options: ProcessesOptions) => {
      const { waitForState } = await import("./processes.ts");
      await waitForState(service, options);
    });
  program
    .command("stop")
    .description("stop the running system, as SIGTERM does, and wait until it has ended")
    .option(...data)
    .action(async (options: ProcessesOptions) => {
      const { stopRunning } = await import("./processes.ts");
      await stopRunning(options);
    });
}

function addLogs(program: Command): void {
  program
    .command("logs")
    .description("the newest lines that the nodes have logged, each a JSON object")
    .argument("[SERVICE]", "or gateway (default: all)")
    .option("--lines <N>", "how many, at most 500", "100")
    .option("--follow", "go on with new ones, until it is interrupted or the system stops")
    .option(...data)
    .option("--json", "changes nothing: they are JSON")
    .action(async (service: string | undefined, options: LogsOptions) => {
      const { printLogs } = await import("./logs.ts");
      await printLogs(service, options);
    });
  program
    .command("top")
    .description("how the nodes do: rates, latencies, queues, owners; every second on a terminal, once otherwise")
    .option(...data)
    .option(
      "--json",
      "print one reading as JSON: an array of {service, node, pid, state, taken_per_s, commits_per_s, p50_ms, p99_ms, waiting, loop_p99_ms, cpu, memory_bytes, partitions, host}",
    )
    .action(async (options: TopOptions) => {
      const { showTop } = await import("./top.ts");
      await showTop(options);
    });
}
