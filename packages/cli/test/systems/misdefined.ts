// A file whose definition is refused while it is loaded.
import { service, system } from "@atoll/core";

export const misdefined = system("misdefined", { services: [service("Not A Name", [])] });
