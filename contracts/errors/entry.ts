// What the error table says of each code.

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, badInput: 2, denied: 3, notFound: 4, unavailable: 5 } as const;
export type ExitName = keyof typeof EXIT;

export interface ErrorEntry {
  readonly exit: ExitName;
  /** Whether the same call may succeed later with nothing changed: activities retry only these. */
  readonly retryable: boolean;
  readonly title: string;
  readonly action: string;
}

export const entry = (exit: ExitName, retryable: boolean, title: string, action: string): ErrorEntry => ({
  exit,
  retryable,
  title,
  action,
});
