import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runTests, runVitest } from '../support/vitest-run.ts';

/** A vitest that is scripted: each run's failed tests by file, out of two tests a file; null: both were skipped; broken: for a failed hook. */
function scripted(...runs: Record<string, string[] | null | 'broken'>[]) {
  const asked: string[][] = [];
  const run = async (argv: string[]): Promise<number> => {
    const files = Object.entries(runs[asked.length]!);
    asked.push(argv.filter((arg) => !arg.startsWith('--')).slice(1));
    const out = argv.find((arg) => arg.startsWith('--outputFile.json='))!.split('=')[1]!;
    const isFailed = (what: string[] | null | 'broken'): boolean => what === 'broken' || (what ?? []).length > 0;
    const statusOf = (what: string[] | null | 'broken', name: string): string => {
      if (what === null || what === 'broken') return 'skipped';
      return what.includes(name) ? 'failed' : 'passed';
    };
    const testResults = files.map(([file, what]) => ({
      name: resolve(file),
      status: isFailed(what) ? 'failed' : 'passed',
      ...(what === 'broken' ? { message: 'the hook failed' } : {}),
      assertionResults: ['a', 'b'].map((fullName) => ({
        fullName,
        status: statusOf(what, fullName),
        failureMessages: ['Error: why\n at somewhere'],
      })),
    }));
    writeFileSync(out, JSON.stringify({ testResults }));
    return files.some(([, what]) => isFailed(what)) ? 1 : 0;
  };
  return { run, asked };
}

it('runs nothing again when all is well', async () => {
  const { run, asked } = scripted({ 'x.test.ts': [] });
  expect(await runVitest(['x'], run)).toMatchObject({ passed: 2, failed: 0, skipped: 0, remarks: [] });
  expect(asked).toEqual([['x']]);
});

it('tells the files of which something ran', async () => {
  const { run } = scripted({ 'x.test.ts': [], 'y.test.ts': null });
  expect(await runVitest(['.'], run)).toMatchObject({ skipped: 2, ran: ['x.test.ts'] });
});

it('names what passed only when it was run alone, and what still fails', async () => {
  const { run, asked } = scripted(
    { 'x.test.ts': ['a'], 'y.test.ts': ['b'], 'z.test.ts': [] },
    { 'x.test.ts': [], 'y.test.ts': ['b'] },
  );
  expect(await runVitest(['.'], run)).toMatchObject({
    passed: 5,
    failed: 1,
    remarks: ['FLAKY, passed when run alone: x.test.ts › a: Error: why', 'FAILED y.test.ts › b: Error: why'],
  });
  expect(asked[1]).toEqual(['x.test.ts', 'y.test.ts']);
});

it('keeps what a test of a file told that is run again', async () => {
  const { run } = scripted({ 'x.test.ts': ['a'], 'y.test.ts': [] }, { 'x.test.ts': [] });
  const { tests } = await runTests(['.'], run);
  expect(tests.map(({ file, before }) => [file, before])).toEqual([
    ...Array.from({ length: 2 }, () => ['x.test.ts', {}]),
    ...Array.from({ length: 2 }, () => ['y.test.ts', undefined]),
  ]);
});

it('counts a file whose first run was broken off before its tests by what ran then', async () => {
  const { run } = scripted({ 'x.test.ts': 'broken', 'y.test.ts': [] }, { 'x.test.ts': [] });
  expect(await runVitest(['.'], run)).toMatchObject({
    ...{ passed: 4, failed: 0, skipped: 0, ran: ['x.test.ts', 'y.test.ts'] },
    remarks: ['FLAKY, passed when run alone: x.test.ts: the hook failed'],
  });
});

it('does not run half of the tests again when half of them fail', async () => {
  const { run, asked } = scripted(Object.fromEntries(['p', 'q', 'r', 's', 't', 'u'].map((file) => [file, ['a']])));
  expect(await runVitest(['.'], run)).toMatchObject({ passed: 6, failed: 6 });
  expect(asked).toHaveLength(1);
});

it('counts a vitest that ends badly without a failed test, or without a report', async () => {
  const report = scripted({ 'x.test.ts': [] });
  expect(await runVitest(['x'], (argv) => report.run(argv).then(() => 1))).toMatchObject({ failed: 1 });
  expect(await runVitest(['x'], async () => 127)).toMatchObject({ passed: 0, failed: 1 });
});

it('names what tests left in the folder for what is temporary, and leaves none of it', async () => {
  const { run } = scripted({ 'x.test.ts': [] });
  let seen = '';
  const leaving = async (argv: string[], temporary: string): Promise<number> => {
    seen = temporary;
    for (const name of ['anneal-b-', 'anneal-a-', 'anneal-b.31-7-4026531836-']) mkdtempSync(join(temporary, name));
    return run(argv);
  };
  const { remarks, failed } = await runVitest(['x'], leaving);
  const where = 'LEFT in the folder for what is temporary:';
  expect(remarks).toEqual([`${where} anneal-a`, `${where} anneal-b, 2 times`]);
  expect([failed, existsSync(seen)]).toEqual([0, false]);
});
