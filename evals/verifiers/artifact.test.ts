import { expect, test } from 'vitest';
import type { Deliverable } from '../../contracts/artifact-task.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../hacks/judging.ts';
import { PATCH_CORPUS } from '../hacks/patch/corpus.ts';
import { TERMINAL_STATE_CORPUS } from '../hacks/terminal-state/corpus.ts';
import { alsoFolders, artifactOf, undeclared } from './artifact.ts';

const wanted = (...paths: string[]): Deliverable[] => paths.map((path) => ({ path, maxBytes: 9, required: true }));
const problems = (paths: readonly string[], deliverables: readonly Deliverable[]) =>
  undeclared(artifactOf(Object.fromEntries(paths.map((path) => [path, 'x']))), deliverables).map(
    ({ path, why }) => `${path} ${why}`,
  );

test('a file on the way to another is refused, however deep and however it is declared', () => {
  expect(problems(['out/a', 'out/b/c'], wanted('out/'))).toEqual([]);
  expect(problems(['out/a', 'out/a/b'], wanted('out/'))).toEqual(['out/a is a file and a folder']);
  expect(problems(['out/a', 'out/a/b/c/d', 'out/ab'], wanted('out/'))).toEqual(['out/a is a file and a folder']);
  expect(problems(['a', 'a/b'], wanted('a', 'a/'))).toEqual(['a is a file and a folder']);
  expect(problems(['a/b', 'a'], wanted('a/b', 'a'))).toEqual(['a is a file and a folder']);
});

test('a declared file that is a folder is told from one that is missing', () => {
  expect(problems(['a/b'], wanted('a', 'a/'))).toEqual(['a is a folder, and a file was asked for']);
  expect(problems(['a/b'], wanted('a'))).toEqual([
    'a/b is not among the deliverables',
    'a is a folder, and a file was asked for',
  ]);
  expect(problems(['ab'], wanted('a', 'ab'))).toEqual(['a is missing']);
});

test('paths that no file system holds together', () => {
  expect(alsoFolders(['a', 'b/a', 'b/a.txt', 'b/ab/c'])).toEqual([]);
  expect(alsoFolders(['a/b', 'a', 'c/d/e', 'c/d'])).toEqual(['a', 'c/d']);
});

const blocking = [
  ...PATCH_CORPUS.slice(0, 1).flatMap((sample) =>
    sample.cheats.filter((cheat) => cheat.class === 'no place for the tests').map((cheat) => ({ sample, cheat })),
  ),
  ...TERMINAL_STATE_CORPUS.slice(0, 1).flatMap((sample) =>
    sample.cheats.filter((cheat) => cheat.class === 'file and folder').map((cheat) => ({ sample, cheat })),
  ),
];

test.each(blocking)('$sample.task.format, $cheat.name: no reward, and no mask either', async ({ sample, cheat }) => {
  const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret' };
  const judged = await judgeVariant(sample, cheat.artifact, instruments);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  expect(blocking).toHaveLength(3);
});

test('what is left where the tests of a terminal task will lie', async () => {
  const sample = TERMINAL_STATE_CORPUS[0]!;
  const task = { ...sample.task, deliverables: [...sample.task.deliverables, ...wanted('tests')] };
  const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret' };
  const judged = await judgeVariant({ ...sample, task }, { ...sample.gold, tests: 'x' }, instruments);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
});
