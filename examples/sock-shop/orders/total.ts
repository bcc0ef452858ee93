// What an order costs. One of the facts of the original that clients test.
const shippingCents = 4_99;

export const totalCentsOf = (lines: readonly { readonly quantity: number; readonly cents: number }[]): number =>
  lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, shippingCents);
