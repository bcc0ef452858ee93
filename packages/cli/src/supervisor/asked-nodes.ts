// The nodes of a supervisor, as the verbs that are asked of them see them: who runs, and is not silent.
import { CommandError } from "../command-error.ts";
import type { AskedNodes } from "./merged-verbs.ts";
import { isOver, whyNot } from "./slot.ts";
import type { Supervisor } from "./supervisor.ts";

export const askedNodes = (supervisor: Supervisor): AskedNodes => ({
  services: supervisor.services.map(({ service }) => service),
  failed(service) {
    const { slots } = supervisor.service(service);
    const failed = slots.find(({ course }) => course.phase.kind === "failed");
    return failed && slots.every(isOver) ? whyNot(failed) : undefined;
  },
  async ready(service, withinMs) {
    const nodes = supervisor.service(service);
    await supervisor.until(() => nodes.heard.length > 0 || nodes.slots.every(isOver), withinMs);
    const [first] = nodes.slots;
    if (nodes.heard.length === 0 && first) throw new CommandError(whyNot(nodes.slots.find(isOver) ?? first));
    const byHost = nodes.heard.toSorted((a, b) => Number(nodes.isHost(b)) - Number(nodes.isHost(a)));
    return byHost.map(({ node, child }) => ({
      node,
      ask: (verb, input) => child?.ask(verb, input) ?? Promise.reject(new CommandError(`node "${node}" has ended: ask again`)),
    }));
  },
});
