// Who is to own which partition: as even as can be, with the fewest moves from where they are. Pure and deterministic; whether and
// when an owner is asked to leave is the registry's business.

/** A partition as it stands. */
export interface Seat {
  /** Who has it and may keep it; undefined: nobody. */
  readonly owner: string | undefined;
  /** The candidate that an operator wants to have it. */
  readonly pin: string | undefined;
}

interface Share {
  readonly candidate: string;
  /** Partitions that are pinned to it. */
  pinned: number;
  /** The others that are to be its own. */
  readonly free: number[];
}

/** The wanted owner by partition; all undefined where there is no candidate. Ties go to the first of the candidates. */
export function wantedOwners(seats: readonly Seat[], candidates: readonly string[]): readonly (string | undefined)[] {
  const shares = candidates.map((candidate): Share => ({ candidate, pinned: 0, free: [] }));
  const [first] = shares;
  if (first === undefined) return seats.map(() => undefined);
  const shareOf = new Map(shares.map((share) => [share.candidate, share]));

  const unowned: number[] = [];
  for (const [partition, { owner, pin }] of seats.entries()) {
    const share = shareOf.get(pin ?? owner ?? "");
    if (share === undefined) unowned.push(partition);
    else if (pin === undefined) share.free.push(partition);
    else share.pinned += 1;
  }
  for (const partition of unowned) least(shares, first).free.push(partition);
  for (;;) {
    const from = most(shares, first);
    const to = least(shares, first);
    const partition = loadOf(from) - loadOf(to) > 1 ? from.free.shift() : undefined;
    if (partition === undefined) break;
    to.free.push(partition);
  }

  const wanted = seats.map(({ pin }) => pin);
  for (const { candidate, free } of shares) for (const partition of free) wanted[partition] = candidate;
  return wanted;
}

const loadOf = ({ pinned, free }: Share): number => pinned + free.length;

const least = (shares: readonly Share[], first: Share): Share =>
  shares.reduce((best, share) => (loadOf(share) < loadOf(best) ? share : best), first);

/** Of those that have something to give. */
const most = (shares: readonly Share[], first: Share): Share =>
  shares.reduce((best, share) => (share.free.length > 0 && (best.free.length === 0 || loadOf(share) > loadOf(best)) ? share : best), first);
