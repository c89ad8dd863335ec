// Runs of words that a text holds in another form: with a word put in between, or with nothing between the words.

/** Letters that begin a run: as many of a text have to be the same before the whole is compared. */
const KEY = 24;
/** Runs of fewer letters may stand by chance in text without spaces. */
const SHORTEST = 40;

export interface Letters {
  /** The first and the last words of each run, one of which a word put in between leaves whole. */
  readonly halves: Halves;
  /** Runs whose letters stand in the text, in their order. */
  runsIn(letters: string): string[];
}

interface Halves {
  readonly length: number;
  readonly heads: ReadonlySet<string>;
  readonly tails: ReadonlySet<string>;
}

/** @param all runs of words; of the longest kind are those that a word may be put into */
export function indexLetters(all: Iterable<string>): Letters {
  const runs = [...all].map((run) => ({ run, words: run.split(' '), letters: run.replaceAll(' ', '') }));
  const length = runs.reduce((most, { words }) => Math.max(most, words.length), 0);
  const half = Math.floor(length / 2);
  const long = runs.filter(({ words }) => words.length === length);
  const byKey = Map.groupBy(
    runs.filter(({ letters }) => letters.length >= SHORTEST),
    ({ letters }) => letters.slice(0, KEY),
  );
  return {
    halves: {
      length,
      heads: new Set(long.map(({ words }) => words.slice(0, half).join(' '))),
      tails: new Set(long.map(({ words }) => words.slice(length - half).join(' '))),
    },
    runsIn(letters) {
      const found = new Set<string>();
      for (let at = 0; at + SHORTEST <= letters.length; at += 1)
        for (const one of byKey.get(letters.slice(at, at + KEY)) ?? [])
          if (letters.startsWith(one.letters, at)) found.add(one.run);
      return [...found];
    },
  };
}

/** Windows of one word more than a run has, with each word within it left out; only where half of a run stands at one of its ends. */
export function* runsWithOneMore(words: readonly string[], { length, heads, tails }: Halves): Generator<string> {
  const half = Math.floor(length / 2);
  if (half === 0) return;
  for (let at = 0; at + length < words.length; at += 1) {
    const window = words.slice(at, at + length + 1);
    const begins = heads.has(window.slice(0, half).join(' '));
    if (!begins && !tails.has(window.slice(-half).join(' '))) continue;
    for (let out = 1; out < length; out += 1) yield [...window.slice(0, out), ...window.slice(out + 1)].join(' ');
  }
}
