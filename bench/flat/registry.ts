// What runs under each name.
import type { CaseName, CaseRoom } from "./case-room.ts";
import { feedCase } from "./feed-case.ts";
import { rebuildCase } from "./rebuild-case.ts";
import { subscriberCase } from "./subscriber-case.ts";
import type { CaseResult } from "./verdict.ts";

export const cases: { readonly [name in CaseName]: (room: CaseRoom) => Promise<CaseResult> } = {
  feed: feedCase,
  subscriber: subscriberCase,
  rebuild: rebuildCase,
};
