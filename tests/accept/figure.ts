// One line of an acceptance: what was measured, what it must be, and whether it is.
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly bound: string;
  readonly holds: boolean;
}

/** Says how far it is, for whoever waits. */
export type Tell = (what: string) => void;
