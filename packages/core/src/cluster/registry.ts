// Who hosts the log of one service and who owns which partition, decided by what is known of its nodes. Pure: no clock, no I/O; what
// is told of processes and what nodes report comes in, the plan goes out (ADR 0030). Whatever it decides is a hint: that one writer
// owns a partition is proven in the log, by the epoch.
//
//  G1  rising    A grant is an owner and an epoch above every epoch granted or reported of its partition before.
//  G2  cause     A partition is granted only if nobody was granted it, or the last grantee has ended, is silent, or has reported the
//                grant to be over: that it does not hold and knows of the granted epoch or a later one.
//  G3  balanced  When settled, the numbers of partitions of two owners differ by one at most, but for pins; and no more of them
//                have moved than that takes.
//  G4  progress  When nothing happens any more, every partition is held by a candidate, and the plan is settled.
//  G5  budget    At most `leavingMax` partitions are asked to leave at a time, and only a living, heard owner is asked. Once asked it leaves,
//                whatever comes.
//  G6  host      It changes only when it has ended. There is one whenever a node lives that is not silent.
//  G7  old news  What is told of a node that has ended, or never was, changes nothing. A plan that says the same is the same value.
import { unreachable } from "../base/assert.ts";
import { wantedOwners } from "./balance.ts";
import { candidatesAmong, emptyReport, hostAmong, isEligible, type Member } from "./member.ts";
import type { NodeReport, PartitionPlan, ServicePlan } from "./plan.ts";

/** More would make a larger part of the service pause at once; fewer make a new node wait longer for its share. */
export const leavingMax = 4;

export interface RegistryState {
  /** In the order in which they joined. */
  readonly members: readonly Member[];
  /** How many have come to run so far. */
  readonly ran: number;
  readonly plan: ServicePlan;
  /** By partition, the highest epoch that was granted or reported. */
  readonly known: readonly number[];
  /** By partition, whom an operator wants to own it; an eligible one. */
  readonly pins: readonly (string | undefined)[];
}

export type RegistryInput =
  /** Its process has been started. */
  | { readonly kind: "joined"; readonly node: string; readonly incarnation: string }
  | { readonly kind: "running"; readonly incarnation: string }
  /** It is to end and to have no partitions when it does. */
  | { readonly kind: "draining"; readonly incarnation: string }
  /** No sign of life for too long; and one after that. */
  | { readonly kind: "silent"; readonly incarnation: string }
  | { readonly kind: "heard"; readonly incarnation: string }
  /** Its process is known to have ended. */
  | { readonly kind: "ended"; readonly incarnation: string }
  | { readonly kind: "report"; readonly incarnation: string; readonly report: NodeReport }
  /** The partition is to be owned by this node as long as that is eligible; nothing if it is not. */
  | { readonly kind: "move"; readonly partition: number; readonly incarnation: string };

export const emptyRegistry: RegistryState = { members: [], ran: 0, plan: { host: undefined, partitions: [] }, known: [], pins: [] };

export const planOf = ({ plan }: RegistryState): ServicePlan => plan;

export function stepRegistry(state: RegistryState, input: RegistryInput): RegistryState {
  const learned = learn(state, input);
  return learned === state ? state : decide(learned);
}

function learn(state: RegistryState, input: RegistryInput): RegistryState {
  const { members } = state;
  const member = members.find(({ incarnation }) => incarnation === input.incarnation);
  if (input.kind === "joined") {
    if (member) return state;
    const { node, incarnation } = input;
    return { ...state, members: [...members, { node, incarnation, phase: "starting", ran: 0, silent: false, report: emptyReport }] };
  }
  if (!member) return state;
  const become = (change: Partial<Member>): RegistryState => ({
    ...state,
    members: members.map((each) => (each === member ? { ...each, ...change } : each)),
  });
  switch (input.kind) {
    case "running":
      return member.phase === "starting" ? { ...become({ phase: "running", ran: state.ran + 1 }), ran: state.ran + 1 } : state;
    case "draining":
      return member.phase === "draining" ? state : become({ phase: "draining" });
    case "silent":
      return member.silent ? state : become({ silent: true });
    case "heard":
      return member.silent ? become({ silent: false }) : state;
    case "ended":
      return { ...state, members: members.filter((each) => each !== member) };
    case "report":
      return hearing(become({ report: input.report }), input.report);
    case "move":
      if (!isEligible(member) || !(input.partition in state.pins)) return state;
      return { ...state, pins: state.pins.with(input.partition, member.incarnation) };
    default:
      return unreachable(input, "a registry");
  }
}

function hearing(state: RegistryState, { hosting, standing }: NodeReport): RegistryState {
  // Another number of partitions is another log: what is known of the one before says nothing of it.
  if (hosting && hosting.epochs.length !== state.known.length) {
    const partitions = hosting.epochs.map((epoch): PartitionPlan => ({ owner: undefined, epoch, leaving: false }));
    return { ...state, plan: { ...state.plan, partitions }, known: hosting.epochs, pins: hosting.epochs.map(() => undefined) };
  }
  const known = state.known.map((epoch, p) => Math.max(epoch, hosting?.epochs[p] ?? 0, standing[p]?.epoch ?? 0));
  return { ...state, known };
}

function decide(state: RegistryState): RegistryState {
  const { members, plan } = state;
  const host = hostAmong(members, plan.host);
  const eligible = new Set(members.filter(isEligible).map(({ incarnation }) => incarnation));
  const pins = state.pins.map((pin) => (pin !== undefined && eligible.has(pin) ? pin : undefined));

  const owners = plan.partitions.map((partition, p) => ownerOf(members, partition, p));
  const candidates = candidatesAmong(members, host, (incarnation) => owners.some((owner) => owner?.incarnation === incarnation));
  const seats = owners.map((owner, p) => ({ owner: plan.partitions[p]?.leaving ? undefined : owner?.incarnation, pin: pins[p] }));
  const wanted = wantedOwners(seats, candidates);

  const known = [...state.known];
  let leaving = plan.partitions.filter((partition, p) => partition.leaving && owners[p] && !owners[p].silent).length;
  const partitions = plan.partitions.map((partition, p): PartitionPlan => {
    const [owner, next] = [owners[p], wanted[p]];
    if (owner === undefined || (owner.silent && next !== undefined)) {
      if (next === undefined) return freed(partition, known[p] ?? 0);
      const epoch = (known[p] ?? 0) + 1;
      known[p] = epoch;
      return { owner: next, epoch, leaving: false };
    }
    if (partition.leaving || next === undefined || next === owner.incarnation || leaving >= leavingMax) return partition;
    leaving += 1;
    return { ...partition, leaving: true };
  });
  const same = host === plan.host && partitions.every((partition, p) => partition === plan.partitions[p]);
  return { ...state, plan: same ? plan : { host, partitions }, known, pins };
}

/** Whose grant goes on; undefined: it has ended, or has said that the grant is over, or nobody has one. */
function ownerOf(members: readonly Member[], { owner, epoch }: PartitionPlan, partition: number): Member | undefined {
  const member = members.find(({ incarnation }) => incarnation === owner);
  const standing = member?.report.standing[partition];
  return standing && !standing.holds && standing.epoch >= epoch ? undefined : member;
}

const freed = (partition: PartitionPlan, epoch: number): PartitionPlan =>
  partition.owner === undefined && partition.epoch === epoch ? partition : { owner: undefined, epoch, leaving: false };
