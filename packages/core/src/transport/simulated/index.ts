// What the subpath publishes: a network of virtual nodes, for simulations.
export { calmNetwork, type NetworkFaults, SimulatedNetwork } from "./simulated-network.ts";
