// The process that is asked: a Moleculer node with one service.
import { serve } from "../child.ts";
import { brokerOf, type Ports } from "./moleculer-setting.ts";

await serve(async (ports: Ports) => {
  const broker = await brokerOf("served", ports);
  broker.createService({
    name: "adder",
    actions: {
      add: {
        params: { by: "number|integer|positive" },
        handler: ({ params }: { readonly params: { readonly by: number } }) => ({ total: params.by + 1 }),
      },
    },
  });
  await broker.start();
  return { value: undefined, close: () => broker.stop() };
});
