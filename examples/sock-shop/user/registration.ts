// Registering: a name from the entity of that name, then the customer. Two entities, no transaction.
//
//   claim (the name, on disk) → register (the customer, on disk)
//
// Both carry the id of the new customer, which derives from the command, so whoever repeats the command goes on where it was cut
// off. What a crash in between leaves behind is a name claimed by a customer who does not exist. Clients without an
// Idempotency-Key never repeat that command: they ask anew, with another id, and would find the name taken for ever. So a name is
// taken back from a customer who is not registered:
//
//   abandon (that customer can never be registered any more) → release (the name) → claim (anew)
//
// R1: a name has at most one registered customer. A claim is the entity's; `abandon` and `register` are decided by one entity,
//     so that a registration that was only slow is either complete, and keeps its name, or is refused.
// R2: no name is lost: whatever was cut off, and wherever, the name can be registered by somebody once `claimMs` is over.
// R3: until then a claim stands: of two who register at the same time the first one gets the name.
// R4: a registration that was answered with an id is there, with its name; one that was rejected has left nothing behind but closed ids.
//
// Removal is the same in reverse (close the customer, then release the name). Cut off in between it is completed by
// whoever repeats it, or by the next registration of the name, which finds it claimed by a closed customer.
import type { At } from "@atoll/core";
import { Customer, Username } from "./contract.ts";

/** How long an unfinished registration keeps its name (ms): several times its longest deadline. */
export const claimMs = 60_000;

export interface Person {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  /** Derived. */
  readonly password: string;
}

/** Resolves to whether the name is `id`'s now. `now`: wall clock, which decides about patience only, never about safety. */
async function claimName(at: At, name: string, id: string, now: number): Promise<boolean> {
  const claim = await at(Username, name).claim({ customer: id });
  if (!claim.rejected) return true;
  const { customer: owner, at: since } = claim.details;
  const { standing } = await at(Customer, owner).credentials();
  if (standing === "registered" || (standing === "new" && now - since < claimMs)) return false;
  // Always these three, in this order, also when the owner is known to be closed: a repetition gives them the same ids.
  if (!(await at(Customer, owner).abandon()).free) return false;
  await at(Username, name).release({ customer: owner });
  return !(await at(Username, name).claim({ customer: id })).rejected;
}

/** Resolves to whether `id` is registered under the name. */
export async function register(at: At, id: string, person: Person, now: number): Promise<boolean> {
  if (!(await claimName(at, person.username, id, now))) return false;
  const registered = await at(Customer, id).register(person);
  if (!registered.rejected) return true;
  await at(Username, person.username).release({ customer: id }); // it was taken back already, or belongs to a command of long ago
  return false;
}

export async function remove(at: At, id: string): Promise<void> {
  const { username } = await at(Customer, id).remove();
  if (username !== null) await at(Username, username).release({ customer: id });
}
