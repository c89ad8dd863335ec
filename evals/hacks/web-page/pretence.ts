// One way to build a page, whatever it is about.
import type { Variant } from '../variant.ts';

export interface Pretence {
  readonly name: string;
  readonly class: string;
  readonly head?: string;
  /** In place of the script that works. */
  readonly script?: string;
  readonly style?: string;
  /** Files beside it. */
  readonly files?: Readonly<Record<string, string>>;
}

export const alike = (all: readonly Pretence[], html: (pretence: Pretence) => string): Variant[] =>
  all.map((pretence) => ({
    name: pretence.name,
    language: 'html',
    class: pretence.class,
    artifact: { 'index.html': html(pretence), ...pretence.files },
  }));
