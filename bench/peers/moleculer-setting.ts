// What the two processes of the Moleculer peer share: its broker, and how they find each other. Everything as it comes (JSON, its own
// validator), but for discovery by broadcast, which a list of the two nodes stands for, and its log, which is off.
import { libraryOf } from "./library.ts";

export interface Broker {
  createService(service: object): unknown;
  start(): Promise<void>;
  stop(): Promise<void>;
  waitForServices(name: string): Promise<unknown>;
  call(action: string, input: unknown): Promise<unknown>;
}

export interface Ports {
  readonly asking: number;
  readonly served: number;
}

interface Moleculer {
  readonly ServiceBroker: new (options: object) => Broker;
}

export async function brokerOf(nodeID: keyof Ports, ports: Ports): Promise<Broker> {
  const { ServiceBroker } = (await libraryOf<{ readonly default: Moleculer }>("moleculer")).default;
  const transporter = `tcp://127.0.0.1:${ports.asking}/asking,127.0.0.1:${ports.served}/served`;
  return new ServiceBroker({ nodeID, transporter, logger: false });
}
