// Every remedy of the library on every one of its cases, in the sandbox: what it leaves, byte for byte, that the test which it adds fails
// without the change and passes with it, and that it leaves other repositories alone.
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Files } from '../../contracts/agent-ports.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { casesOf, shippedSkills } from '../../tests/support/shipped-skills.ts';
import { edited } from '../workspace/left.ts';
import { carryOut } from './propose.ts';

vi.setConfig({ testTimeout: 180_000 });

const runWork = openWorkspace(createBubblewrapSandbox());
const skills = await shippedSkills();
const remedies = skills.filter(({ front }) => front.remedy !== undefined);
const texts = (files: ReadonlyMap<string, Uint8Array | null>) =>
  Object.fromEntries(
    [...files].map(([path, bytes]) => [path, bytes === null ? null : Buffer.from(bytes).toString('utf8')]),
  );

/** Runs test files for themselves; which of them fail. */
async function failing(files: Files, paths: readonly string[]): Promise<string[]> {
  const { steps } = await runWork({
    files,
    steps: paths.map((path) => ({ what: path, argv: ['python3', '-B', path], wallMs: 30_000 })),
    collect: [],
    limits: { memoryBytes: 1 << 30, diskBytes: 256 << 20, processes: 64, outputBytes: 1 << 18 },
  });
  return paths.filter((_, at) => steps[at]!.exitCode !== 0);
}

const isTest = (path: string): boolean => /(^|\/)test_[^/]*\.py$/.test(path);

test('the library has at least twelve remedies, each with a case of its own and one that is not', () => {
  expect(remedies.length).toBeGreaterThanOrEqual(12);
  for (const skill of remedies) {
    const cases = casesOf(skill);
    expect(
      cases.some(({ after }) => after.size > 0),
      skill.name,
    ).toBe(true);
    expect(
      cases.some(({ after }) => after.size === 0),
      skill.name,
    ).toBe(true);
  }
});

test('docs/skills.md has a row for each remedy, and none for another', () => {
  const page = readFileSync(new URL('../../docs/skills.md', import.meta.url), 'utf8');
  const library = page.split('## The library')[1]!.split('\n## ')[0]!;
  const rows = [...library.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => `debugging/${row[1]}`);
  expect(rows).toEqual(remedies.map(({ name }) => name));
});

describe.each(remedies)('$name', (skill) => {
  test.each(casesOf(skill))('$name', async ({ before, after, diagnosis }) => {
    const done = await carryOut(skill, { files: before, diagnosis, runWork });
    if (after.size === 0) {
      expect(done).toMatchObject({ how: 'not-mine', why: expect.stringMatching(/here|files|could be shown/) });
      return;
    }
    if (done.how !== 'edited') throw new Error(done.why);
    expect(texts(done.edits)).toEqual(texts(after));
    const tests = [...done.edits.keys()].filter((path) => isTest(path));
    expect(tests).toHaveLength(1);
    const whole = edited(before, done.edits);
    const withTest = new Map([...before, ...[...done.edits].filter(([path]) => isTest(path))]) as Files;
    expect(await failing(withTest, tests)).toEqual(tests);
    expect(
      await failing(
        whole,
        [...whole.keys()].filter((path) => isTest(path) && after.has(path)),
      ),
    ).toEqual([]);
  });
});
