// Every benchmark, in the order in which they run and stand in the table. The code is loaded where it runs: who only wants
// to know what there is must not need a core that can be loaded.
import type { Benchmark } from "./benchmark.ts";

export const benchmarks: readonly Benchmark[] = [
  {
    name: "in-process-ask",
    about: "asks within the process, validated, 100 callers",
    load: async () => (await import("./in-process-ask.ts")).measureAsks,
  },
  {
    name: "durable-commands",
    about: "commands answered after the sync, on a log with a long past",
    load: async () => (await import("./durable-commands.ts")).measureCommands,
  },
  {
    name: "saga",
    about: "sagas of three steps, from the start command to the outcome",
    load: async () => (await import("./saga.ts")).measureSagas,
  },
  {
    name: "entity-recovery",
    about: "bringing one entity back, with and without a snapshot",
    load: async () => (await import("./entity-recovery.ts")).measureEntityRecovery,
  },
  {
    name: "service-recovery",
    about: "start of a service with a long tail that no index knows, until its first answer",
    load: async () => (await import("./service-recovery.ts")).measureServiceRecovery,
  },
  {
    name: "read-model",
    about: "read models: from a command's answer to a query that sees its event, and rebuilding",
    load: async () => (await import("./read-model.ts")).measureReadModel,
  },
  {
    name: "topic-delivery",
    about: "messages of a topic to a subscription, and what it tells applied by entities",
    load: async () => (await import("./topic-delivery.ts")).measureTopicDelivery,
  },
  {
    name: "link",
    about: "messages between two processes, beside a bare node:net socket with the same payload",
    load: async () => (await import("./link.ts")).measureLinks,
  },
  {
    name: "remote-ask",
    about: "commands to handlers in another process, through all that lies between, beside a link and a bare socket",
    load: async () => (await import("./remote-ask.ts")).measureRemoteAsks,
  },
  {
    name: "remote-entities",
    about: "durable commands from another process, and 100,000 entities in memory",
    load: async () => (await import("./remote-entities.ts")).measureRemoteEntities,
  },
  {
    name: "remote-stream",
    about: "a topic of another process's log, read through the remote source",
    load: async () => (await import("./remote-stream.ts")).measureRemoteStream,
  },
  {
    name: "http-post",
    about: "POST to a handlers command and to a durable command, 64 connections",
    load: async () => (await import("./http-post.ts")).measurePosts,
  },
  {
    name: "memory",
    about: "memory per resident and per passive entity",
    load: async () => (await import("./memory.ts")).measureMemory,
  },
  {
    name: "start-up",
    about: "from process start to the first answer of the hello example",
    load: async () => (await import("./start-up.ts")).measureStarts,
  },
  {
    name: "installed-size",
    about: "bytes installed for the hello example",
    load: async () => (await import("./installed-size.ts")).measureSize,
  },
];
