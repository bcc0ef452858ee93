// What @atoll/core/tables/simulated publishes: tables made for simulations.
export { SimulatedTables, type SimulatedTableStore, type TableFaults } from "./simulated-tables.ts";
