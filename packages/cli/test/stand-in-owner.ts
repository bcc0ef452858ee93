// Loaded ahead of the program of a node (`--import`): follows the plan of the service "clerks" with the machine that nodes follow it with, on a log
// that grants whatever it is asked for. So what a supervisor does with partitions is seen with real processes and services that keep nothing.
import { newOwnership, type OwnershipInput, type OwnershipState, type ServicePlan, stepOwnership } from "@atoll/core/cluster";

const service = "clerks";
const partitions = 8;

interface FromSupervisor {
  readonly kind: string;
  readonly assignment?: { readonly self: { readonly service: string; readonly incarnation: string }; readonly directory: Entries };
  readonly entries?: Entries;
}
type Entries = { readonly [service: string]: { readonly plan?: ServicePlan } };

let state: OwnershipState | undefined;

function tell(input: OwnershipInput): void {
  if (!state) return;
  const [next, effects] = stepOwnership(state, input);
  state = next;
  for (const effect of effects) {
    const { kind } = effect;
    if (kind === "report") process.send?.({ kind, report: effect.report });
    else if (kind === "acquire") setImmediate(() => tell({ kind: "acquired", partition: effect.partition, epoch: effect.epoch }));
    else setImmediate(() => tell({ kind: "released", partition: effect.partition }));
  }
}

function hear({ assignment, entries = assignment?.directory }: FromSupervisor): void {
  if (assignment?.self.service === service) state = newOwnership(assignment.self.incarnation);
  const plan = entries?.[service]?.plan;
  if (!state || !plan) return;
  const epochs = Array.from({ length: partitions }, (_, p) => plan.partitions[p]?.epoch ?? 1);
  if (plan.host === state.self && !state.report.hosting) tell({ kind: "hosting", epochs });
  tell({ kind: "plan", plan });
}

if (process.send) process.on("message", (message) => hear(message as FromSupervisor));
