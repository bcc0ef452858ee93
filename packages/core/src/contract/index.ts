// What @atoll/core/contract publishes.
export type { Answer, AnswerOf, Reject, Rejected, Rejection, Replied } from "./answer.ts";
export type { Address, Args, At, CallOptions, EachAnswer, Every, EveryArgs, EveryOptions, Ref, Tell, Told } from "./call.ts";
export { checkOf, issuesMax, ownSchema, type Check } from "./check.ts";
export { checkFunctions, checkMembers } from "./completeness.ts";
export { contract, keyLengthMax, ownContract } from "./contract.ts";
export { freezeDeep, frozenCopy, jsonDepthMax, jsonNodesMax, NotJson } from "./frozen-copy.ts";
export type { Implementation, Moment } from "./implementation.ts";
export type { Deep, Json } from "./json.ts";
export type { Access, Checked, Definition, In, Operation, Ops, Part, Rejects, Reply, ReplyGiven, Reserved } from "./operation.ts";
export { isMemberName, isName, memberNameRule, nameRule, versionName } from "./naming.ts";
export { pointer, pointerToken } from "./pointer.ts";
export type { AnyContract, AnyOpRef, AnyTopicRef, Contract, ContractHead, OperationChecks, OpRef, TopicRef } from "./reference.ts";
export { isSchema, jsonSchema, type Given, type KeySchema, type Schema, type Taken } from "./schema.ts";
export { tableOf, type Table } from "./table.ts";
export type { Duration } from "../base/duration.ts";
