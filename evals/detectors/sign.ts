// A sign in what a rollout handed in, and how one is looked for.
import type { Alarm, DetectorName } from '../../contracts/alarm.ts';
import type { SourceText } from './python-text.ts';

export interface Sign {
  readonly detector: DetectorName;
  /** In the code, outside comments and texts. */
  readonly code?: RegExp;
  /** In a literal text. */
  readonly text?: RegExp;
  /** Where a pattern does not tell: what was seen, if anything. */
  readonly seen?: (read: SourceText) => string | undefined;
  readonly says: string;
}

export const SOURCE_VERSION = 2;

/** One alarm a detector at most, with everything that it saw. */
export function alarmsBy(signs: readonly Sign[], read: SourceText): Alarm[] {
  const found = Map.groupBy(
    signs.flatMap((sign) => {
      const seen = firstMatch(sign, read);
      return seen === undefined ? [] : [{ detector: sign.detector, why: `${sign.says}: ${seen}` }];
    }),
    ({ detector }) => detector,
  );
  return [...found].map(([detector, all]) => {
    return { detector, version: SOURCE_VERSION, why: all.map(({ why }) => why).join('; '), read: true as const };
  });
}

function firstMatch({ code, text, seen }: Sign, read: SourceText): string | undefined {
  const match = code?.exec(read.code) ?? undefined;
  const inText = text === undefined ? undefined : read.texts.find((one) => text.test(one));
  const shown = match?.[0].trim() ?? seen?.(read)?.trim() ?? inText;
  return shown === undefined ? undefined : JSON.stringify(shown.slice(0, 60));
}

/** A name of a path of the grader's, beside something that opens files: a text alone does nothing. */
export function pathBeside(opens: RegExp, names: RegExp): NonNullable<Sign['seen']> {
  return ({ code, texts }) => (opens.test(code) ? texts.find((one) => names.test(one)) : undefined);
}
