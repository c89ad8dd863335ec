// One run of vitest, read from its own report. A file with a failed test is run once more, alone: on a machine that is busy a test
// of real processes may starve. What passes then is counted as passed and named as such in the closing lines, never in silence.
//
// Each run has a folder of its own for what is temporary. What tests leave there is named too, and is gone with the folder.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Tally } from './tally.ts';
import type { ToldFigures } from './told-figures.ts';

interface Report {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: {
      status: string;
      fullName: string;
      failureMessages?: string[];
      meta?: { figures?: ToldFigures };
    }[];
  }[];
}

interface Failure {
  file: string;
  test: string;
  message: string;
}

/** One test, as it ended. */
export interface RanTest {
  readonly file: string;
  /** With those of what it is described in. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly figures: ToldFigures;
  /** Of a test that passed only when it was run again: what it told before it failed. A loss that was seen once was seen. */
  readonly before?: ToldFigures;
}

interface FileCounts {
  tests: RanTest[];
  passed: number;
  skipped: number;
  /** All of its tests were skipped, as they are where what comes before them fails. */
  isIdle: boolean;
}

interface Outcome {
  byFile: ReadonlyMap<string, FileCounts>;
  failures: Failure[];
  left: string[];
}

const REPORT = 'report.json';
/** A broken build breaks every file; running all of them again would double the wait and tell nothing. */
const MOST_FILES_RUN_AGAIN = 5;

/** Runs vitest with the arguments behind its name and this folder for what is temporary, output shown; resolves to its exit code. */
type Run = (argv: string[], temporary: string) => Promise<number>;

export async function runVitest(targets: readonly string[], run: Run): Promise<Tally> {
  return (await runTests(targets, run)).tally;
}

/** The same, with each test. */
export async function runTests(
  targets: readonly string[],
  run: Run,
): Promise<{ readonly tally: Tally; readonly tests: readonly RanTest[] }> {
  const first = await once(targets, run);
  const files = [...new Set(first.failures.map((failure) => failure.file))];
  if (files.length === 0 || files.length > MOST_FILES_RUN_AGAIN || files.includes('')) return told(first);
  console.log(`\n── once more, alone: ${files.join(', ')} ──`);
  const second = await once(files, run);
  const still = new Set(second.failures.map((failure) => failure.test));
  const recovered = first.failures.filter((failure) => !still.has(failure.test));
  const failures = second.failures;
  // What was run again counts as it was then.
  const both = told({ byFile: new Map([...first.byFile, ...second.byFile]), failures, left: [] });
  const remarks = [
    ...recovered.map((failure) => `FLAKY, passed when run alone: ${line(failure)}`),
    ...failures.map((failure) => `FAILED ${line(failure)}`),
    ...leftovers([...first.left, ...second.left]),
  ];
  const before = new Map(told(first).tests.map((one) => [`${one.file} ${one.name}`, one.figures]));
  const tests = both.tests.map((one) => {
    const earlier = files.includes(one.file) ? before.get(`${one.file} ${one.name}`) : undefined;
    return earlier === undefined ? one : { ...one, before: earlier };
  });
  return { tests, tally: { ...both.tally, remarks } };
}

const told = (outcome: Outcome) => ({
  tally: tally(outcome),
  tests: [...outcome.byFile.values()].flatMap(({ tests }) => tests),
});

async function once(targets: readonly string[], run: Run): Promise<Outcome> {
  const temporary = mkdtempSync(join(tmpdir(), 'anneal-vitest-'));
  // Sandboxes pass through it as nobody.
  chmodSync(temporary, 0o755);
  const out = join(temporary, REPORT);
  const code = await run(
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${out}`, ...targets],
    temporary,
  );
  const left = readdirSync(temporary).filter((name) => name.startsWith('anneal-'));
  try {
    const outcome = { ...read(JSON.parse(readFileSync(out, 'utf8')) as Report), left };
    // An unhandled error ends vitest with 1 and fails no test.
    if (code !== 0 && outcome.failures.length === 0)
      outcome.failures.push({ file: '', test: targets.join(' '), message: `vitest ended with ${code}` });
    return outcome;
  } catch {
    const failures = [{ file: '', test: targets.join(' '), message: 'no report' }];
    return { byFile: new Map(), failures, left };
  } finally {
    removeAsFarAsPossible(temporary);
  }
}

/** A process that a test left behind may write there still: that is told as LEFT, and is no reason to lose the tally. */
function removeAsFarAsPossible(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 });
  } catch {
    // What stays is the system's to remove.
  }
}

function read(report: Report): Omit<Outcome, 'left'> {
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }): Failure[] => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((assertion) => assertion.status === 'failed');
    // A file that does not load has no failed test of its own; it must still count.
    if (failed.length === 0) return status === 'failed' ? [{ file, test: file, message: message ?? '' }] : [];
    return failed.map((assertion) => ({
      file,
      test: `${file} › ${assertion.fullName}`,
      message: assertion.failureMessages?.[0] ?? '',
    }));
  });
  const counts = report.testResults.map(({ name, assertionResults }): [string, FileCounts] => {
    const passed = assertionResults.filter(({ status }) => status === 'passed').length;
    const skipped = assertionResults.filter(({ status }) => status === 'skipped' || status === 'pending').length;
    const isIdle = skipped > 0 && skipped === assertionResults.length;
    const file = relative(process.cwd(), name);
    const tests = assertionResults.map(({ fullName, status, meta }): RanTest => {
      const ended = status === 'passed' || status === 'failed' ? status : 'skipped';
      return { file, name: fullName, status: ended, figures: meta?.figures ?? {} };
    });
    return [file, { tests, passed, skipped, isIdle }];
  });
  return { byFile: new Map(counts), failures };
}

function tally({ byFile, failures, left }: Outcome): Tally {
  const counts = [...byFile.values()];
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: failures.length,
    skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
    ran: [...byFile].flatMap(([file, { isIdle }]) => (isIdle ? [] : [file])),
    remarks: [...failures.map((failure) => `FAILED ${line(failure)}`), ...leftovers(left)],
  };
}

/** By the name that a test gave, without what mkdtemp put behind it, or that and the process which a work folder names. */
function leftovers(left: readonly string[]): string[] {
  const names = left.map((name) => name.replace(/(\.\d+-\d+-\d+)?-\w{6}$/, ''));
  return [...new Set(names)].sort().map((name) => {
    const count = names.filter((other) => other === name).length;
    return `LEFT in the folder for what is temporary: ${name}${count === 1 ? '' : `, ${count} times`}`;
  });
}

const line = ({ test, message }: Failure): string => `${test}: ${message.split('\n')[0]!.slice(0, 300)}`;
