// The names of the public vocabulary. They end up in URLs, in stored records and in file names, so they stay within
// what all of those take literally, and within 63 characters.

/** Contracts and services: lower case, because stores and file systems differ in what case means to them. */
export const isName = (value: unknown): value is string => typeof value === "string" && /^[a-z][a-z0-9-]{0,62}$/.test(value);
export const nameRule = 'a name is 1 to 63 of a-z, 0-9 and "-", and starts with a letter';

/** Operations, topics, rejections and events. */
export const isMemberName = (value: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(value);
export const memberNameRule = "a name is 1 to 63 of A-Z, a-z, 0-9 and _, and starts with a letter";

/** Of one version of a contract. */
export const versionName = (contract: string, version: number): string => `${contract}@${version}`;
