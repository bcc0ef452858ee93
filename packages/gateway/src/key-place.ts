// Where a key that its schema refuses comes from, as a client finds it.

/** `#path/NAME` for a path parameter, else `#key`. */
export function keyPlace(key: unknown, params: { readonly [name: string]: string }): string {
  const name = Object.entries(params).find(([, value]) => value === key)?.[0];
  return name === undefined ? "#key" : `#path/${name}`;
}
