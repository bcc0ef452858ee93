export { given, type Answered, type Past, type Then } from "./given.ts";
