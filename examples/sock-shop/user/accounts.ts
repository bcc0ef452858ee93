// What concerns a customer and a name at once: registration, login, removal.
import { handlers, type At } from "@atoll/core";
import * as z from "zod";
import { Accounts, Belonging, Customer, Name, Username } from "./contract.ts";
import { costOf, derived, matches, type Scrypt } from "./passwords.ts";
import { register, remove } from "./registration.ts";

/** Somebody's salt who does not exist: an unknown name takes as long to refuse as a wrong password. */
const nobody = "nobody";

export const accountsWith = (scrypt: Scrypt) =>
  handlers(Accounts, {
    config: {
      /** Logarithm of scrypt's N for new passwords. 17 is what OWASP asks for, at eight times the time and memory of 14. */
      PASSWORD_COST: z.coerce.number<string>().int().min(1).max(17).default(14),
    },
    handle: {
      register: async ({ password, ...person }, cx) => {
        const id = cx.commandId; // the same when the request is repeated, and never used again
        const stored = await derived(scrypt, password, id, costOf(cx.config.PASSWORD_COST));
        const registered = await register(cx.at, id, { ...person, password: stored }, cx.now);
        return registered ? { id } : cx.reject("UsernameTaken", { username: person.username });
      },
      open: async ({ id, account: { password, ...person }, address, card }, cx) => {
        if ((await cx.at(Customer, id).credentials()).standing !== "new") return;
        // What belongs to the customer comes first: once it is registered nothing is added any more.
        for (const each of [address, card]) await cx.at(Belonging, each.id).assign({ customer: id });
        await cx.at(Customer, id).addAddress(address);
        await cx.at(Customer, id).addCard(card);
        const stored = await derived(scrypt, password, id, costOf(cx.config.PASSWORD_COST));
        await register(cx.at, id, { ...person, password: stored }, cx.now);
      },
      remove: ({ id }, cx) => remove(cx.at, id),
      login: async ({ username, password }, cx) => {
        const customer = await ownerOf(cx.at, username);
        const known = customer === null ? null : (await cx.at(Customer, customer).credentials()).password;
        const stored = known ?? (await derived(scrypt, "", nobody, costOf(cx.config.PASSWORD_COST)));
        const right = known !== null && (await matches(scrypt, password, stored));
        if (!right || customer === null) return cx.reject("BadCredentials", {});
        const profile = await cx.at(Customer, customer).profile();
        return profile.rejected ? cx.reject("BadCredentials", {}) : { profile: profile.reply };
      },
    },
  });

async function ownerOf(at: At, username: string): Promise<string | null> {
  return Name.safeParse(username).success ? (await at(Username, username).owner()).customer : null;
}
