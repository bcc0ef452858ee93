// What the user service promises. Three entities keep state: `customer`, with addresses and cards; `username`, so that a name
// has one owner; `belonging`, which says whose an address or a card is. `accounts` and `belongings` are the stateless parts
// that work on more than one of them (registration.ts says what a crash in between leaves behind).
//
// No password and no card number is ever part of an event: a password is derived before it reaches the customer, and of a
// card number the gateway lets nothing but the last four digits in.
import { contract } from "@atoll/core";
import * as z from "zod";

/** Addresses, and cards, of one customer. */
export const addressesMax = 20;
export const cardsMax = 20;

/** The customer, or the session of somebody who has not signed in: carts are kept under the same names. */
export const CustomerId = z
  .string()
  .max(128)
  .regex(/^[^\0\p{Cs}]+$/u, "expected well-formed text without NUL");
const BelongingId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);

/** No colon, which ends the name in Basic credentials, and nothing that cannot be seen. */
export const Name = z
  .string()
  .regex(/^[^:\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,64}$/u, "expected 1 to 64 characters, no colon and no control characters");
const Text = z.string().max(128);

export const AddressFields = z.object({
  number: Text.default(""),
  street: Text.default(""),
  city: Text.default(""),
  postcode: Text.default(""),
  country: Text.default(""),
});
/** `longNum` is masked already: asterisks, and the last four digits. */
export const CardFields = z.object({ longNum: z.string().regex(/^\*{4,15}\d{4}$/), expires: z.string().max(16).default("") });

export const Address = AddressFields.extend({ id: BelongingId });
export type Address = Readonly<z.infer<typeof Address>>;
export const Card = CardFields.extend({ id: BelongingId });
export type Card = Readonly<z.infer<typeof Card>>;

export const Profile = z.object({ id: CustomerId, username: Name, firstName: Text, lastName: Text });
export type Profile = Readonly<z.infer<typeof Profile>>;

const Person = z.object({
  username: Name,
  firstName: Text.default(""),
  lastName: Text.default(""),
  email: z.string().max(254).default(""),
});
const UnknownCustomer = z.object({ customer: z.string() });
const TooMany = z.object({ max: z.int() });
const ById = z.object({ id: BelongingId });
/** "new": nobody has registered under this id, and somebody may. "closed": nobody ever will. */
const Standing = z.enum(["new", "registered", "closed"]);

export const Customer = contract("customer", {
  version: 1,
  key: CustomerId,
  commands: {
    /** `password` is what passwords.ts derived. Repeatable; rejected once the customer is closed. */
    register: { in: Person.extend({ password: z.string() }), rejects: { Closed: z.object({}) } },
    /** Closes an id under which nobody has registered, for ever. `free`: nobody is registered under it. */
    abandon: { out: z.object({ free: z.boolean() }) },
    /** Closes a registered customer and forgets all that was kept. The name is that which is to be released; null if there is none. */
    remove: { out: z.object({ username: z.string().nullable() }) },
    addAddress: { in: Address, rejects: { UnknownCustomer, TooMany } },
    removeAddress: { in: ById },
    addCard: { in: Card, rejects: { UnknownCustomer, TooMany } },
    removeCard: { in: ById },
  },
  queries: {
    profile: { out: Profile, rejects: { UnknownCustomer } },
    /** Also of those who have not registered: addresses and cards may come first. */
    addresses: { out: z.array(Address) },
    cards: { out: z.array(Card) },
    /** What an order says of its customer: the profile, and the address and the card that were chosen, if they are theirs. */
    party: {
      in: z.object({ address: z.string().nullable(), card: z.string().nullable() }),
      out: z.object({ profile: Profile, address: Address.nullable(), card: Card.nullable() }),
      rejects: { UnknownCustomer },
    },
    credentials: { out: z.object({ standing: Standing, password: z.string().nullable() }) },
  },
  access: { profile: ["gateway"], addresses: ["gateway"], cards: ["gateway"], party: ["orders"] },
});

export const Username = contract("username", {
  version: 1,
  key: Name,
  commands: {
    /** Once per customer, however often they ask. `at`: wall clock (ms) of the claim that stands. */
    claim: { in: z.object({ customer: CustomerId }), rejects: { Taken: z.object({ customer: z.string(), at: z.int() }) } },
    /** Nothing if the name is not that customer's. */
    release: { in: z.object({ customer: CustomerId }) },
  },
  queries: { owner: { out: z.object({ customer: z.string().nullable() }) } },
});

export const Belonging = contract("belonging", {
  version: 1,
  /** The id of an address or a card. */
  key: BelongingId,
  /** An id is given once; the first customer keeps it. */
  commands: { assign: { in: z.object({ customer: CustomerId }) } },
  queries: { owner: { out: z.object({ customer: z.string().nullable() }) } },
});

const UsernameTaken = z.object({ username: z.string() });
const NewAccount = Person.extend({ password: z.string().min(1).max(256) });

export const Accounts = contract("accounts", {
  version: 1,
  commands: {
    register: { in: NewAccount, out: z.object({ id: z.string() }), rejects: { UsernameTaken } },
    /** A customer with ids that are known beforehand; nothing if that customer ever existed. */
    open: { in: z.object({ id: CustomerId, account: NewAccount, address: Address, card: Card }) },
    /** Also of nobody, and again: then nothing is left to do. */
    remove: { in: z.object({ id: CustomerId }) },
  },
  queries: {
    login: {
      in: z.object({ username: z.string(), password: z.string() }),
      out: z.object({ profile: Profile }),
      rejects: { BadCredentials: z.object({}) },
    },
  },
  access: { register: ["gateway"], remove: ["gateway"], login: ["gateway"] },
});

const Added = z.object({ id: z.string() });
const UnknownBelonging = z.object({ id: z.string() });

export const Belongings = contract("belongings", {
  version: 1,
  commands: {
    /** Without a customer it is nobody's, and found by its id only. */
    addAddress: {
      in: z.object({ customer: CustomerId.optional(), address: AddressFields }),
      out: Added,
      rejects: { UnknownCustomer, TooMany },
    },
    addCard: { in: z.object({ customer: CustomerId.optional(), card: CardFields }), out: Added, rejects: { UnknownCustomer, TooMany } },
    removeAddress: { in: ById },
    removeCard: { in: ById },
  },
  queries: {
    address: { in: ById, out: Address, rejects: { UnknownBelonging } },
    card: { in: ById, out: Card, rejects: { UnknownBelonging } },
  },
  access: {
    addAddress: ["gateway"],
    addCard: ["gateway"],
    removeAddress: ["gateway"],
    removeCard: ["gateway"],
    address: ["gateway"],
    card: ["gateway"],
  },
});

/** Entries of one page of a list over all customers. */
export const pageSizeMax = 1_000;

export const Page = z.object({ page: z.int().positive().default(1), size: z.int().positive().max(pageSizeMax).default(100) });
const paged = <T extends z.ZodType>(entry: T) => z.object({ entries: z.array(entry), total: z.int() });

/** Over all customers: for a read model, because no entity knows more than its own. */
export const Directory = contract("directory", {
  version: 1,
  queries: {
    customers: { in: Page, out: paged(Profile) },
    addresses: { in: Page, out: paged(Address) },
    cards: { in: Page, out: paged(Card) },
  },
  access: { customers: ["gateway"], addresses: ["gateway"], cards: ["gateway"] },
});
