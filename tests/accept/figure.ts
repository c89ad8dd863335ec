// One line of an acceptance: what was measured, what it must be, and whether it is.
import { z } from 'zod';

export const figure = z.strictObject({ name: z.string(), value: z.string(), bound: z.string(), holds: z.boolean() });
export type Figure = Readonly<z.infer<typeof figure>>;

/** Says how far it is, for whoever waits. */
export type Tell = (what: string) => void;

/** As it is printed. */
export const lineOf = ({ name, value, bound, holds }: Figure, widest = 0): string =>
  `${holds ? '✓' : '✗'} ${name.padEnd(widest)}  ${value}  (${bound})`;
