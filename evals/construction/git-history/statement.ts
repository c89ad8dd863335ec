// From a commit's message to the statement of a task: what gives the solution away is taken out, and what its tests need and nobody could
// guess is put in. Pure.

export interface Told {
  readonly subject: string;
  readonly body: string;
  /** Paths that the commit changed. */
  readonly paths: readonly string[];
  /** Ids of the tests that the task is judged by. */
  readonly tests: readonly string[];
  /** Lines that the golden patch adds, without their sign. */
  readonly solution: readonly string[];
  /** Lines that the commit adds to tests. */
  readonly testLines: readonly string[];
  /** Everything that the policy can read: the files before the commit. */
  readonly readable: readonly string[];
}

export type Statement = { readonly text: string; readonly names: readonly string[] } | { readonly why: string };

const TRAILER =
  /^(signed-off-by|co-authored-by|reviewed-by|tested-by|acked-by|cc|change-id|fix(es|ed)?|close[sd]?|refs?|see|pr|issue)\b\s*:?\s*(#|\S+#|https?:|[0-9a-f]{7,40}\b|\S+.*<.*@.*>)/i;
/** `fix(parser): `, `[Fix] `, `feat!: `. */
const PREFIX = /^(\[[^\]]{1,30}\]|(fix|feat|chore|refactor|perf|tests?|docs|build|ci|style|revert)(\([^)]*\))?!?:)\s*/i;
const FEWEST_WORDS = 4;
const MOST_NAMES = 8;
/** Shorter lines of code are everybody's. */
const TELLING_LENGTH = 12;

export function statementOf(told: Told): Statement {
  const lines = [told.subject.replace(PREFIX, ''), '', ...withoutFences(told.body).split('\n')];
  const kept = lines
    .filter((line) => !TRAILER.test(line.trim()) && !givesAway(line, told))
    .map((line) => plain(line, told));
  const text = kept
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  if ((text.match(/[A-Za-z]{2,}/g) ?? []).length < FEWEST_WORDS)
    return { why: `the message says too little: ${JSON.stringify(told.subject.slice(0, 100))}` };
  const names = missingNames(told, text);
  if (names.length > MOST_NAMES) {
    const some = names.slice(0, MOST_NAMES).join(', ');
    return { why: `its tests need ${names.length} names that neither message nor repository has: ${some}, …` };
  }
  return { text, names };
}

/**
 * Names that tests and solution share and that stand neither in the statement nor in any file that can be read: without them a right
 * solution would fail.
 */
export function missingNames(told: Pick<Told, 'testLines' | 'solution' | 'readable'>, statement: string): string[] {
  const known = new Set([...told.readable, statement].flatMap(wordsOf));
  const solution = new Set(told.solution.flatMap(wordsOf));
  return [...new Set(told.testLines.flatMap(wordsOf))].filter((word) => solution.has(word) && !known.has(word)).sort();
}

const wordsOf = (text: string): string[] => text.match(/[A-Za-z_$][\w$]+/g) ?? [];

const squeezed = (text: string): string => text.replaceAll(/\s+/g, '');

function givesAway(line: string, { tests, solution }: Told): boolean {
  const bare = squeezed(line);
  const code = solution.map(squeezed).filter((one) => one.length >= TELLING_LENGTH);
  if (code.some((one) => bare.includes(one))) return true;
  // A name in backticks may be all of a line of code.
  const names = tests.map((id) => id.split(/::| > /).at(-1)!).filter((name) => name.length >= 4);
  return tests.some((id) => line.includes(id)) || names.some((name) => line.includes(name));
}

/** A block of code in a message shows how something is used, or how it was solved: nobody can tell. */
const withoutFences = (text: string): string =>
  text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/^( {4}|\t).*$/gm, '');

function plain(line: string, { paths }: Told): string {
  const names = [...new Set(paths.flatMap((path) => [path, path.split('/').at(-1)!]))].sort(
    (a, b) => b.length - a.length,
  );
  const file = names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  let text = line;
  if (file !== '') {
    text = text
      .replace(new RegExp(`^\`?(${file})\`?\\s*:\\s*`), '')
      .replaceAll(new RegExp(`\\s+(in|at|from|inside|of|to)\\s+\`?(${file})\`?(?![\\w/])`, 'g'), '')
      .replaceAll(new RegExp(`\`?(?<![\\w/.])(${file})\`?(?![\\w/])`, 'g'), 'the code');
  }
  return text
    .replaceAll(/https?:\/\/\S+/g, '')
    .replaceAll(/\s*\(?\b[\w-]*(\/[\w.-]+)?#\d+\b\)?|\s*\(?#\d+\b\)?/g, '')
    .replaceAll(/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b/g, '')
    .trimEnd();
}
