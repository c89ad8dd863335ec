import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { readSet } from './set.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-set-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = 'apiVersion: anneal.dev/v1\nkind: TaskSet\nname: small\nseed: 1\n';
const written = (text: string): string => {
  const path = join(folder, 'set.yaml');
  writeFileSync(path, text);
  return path;
};
async function problems(text: string): Promise<readonly Problem[]> {
  const failure = await readSet(written(text)).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('the file was accepted');
  expect(failure.code).toBe('spec.invalid');
  return failure.problems;
}

test('reads a set and its source, with what is left out filled in', async () => {
  writeFileSync(join(folder, 'system.md'), 'Be good.');
  const known = 'known: [{ kind: prompt, file: system.md }]\n';
  const {
    spec,
    kind,
    options,
    known: texts,
  } = await readSet(written(`${HEAD}source: { kind: ml-tasks, tasks: 3 }\n${known}`));
  expect(spec).toMatchObject({ most: 1_000, alike: 0.8, splits: { visible: 0.6 } });
  expect(kind.name).toBe('ml-tasks');
  expect(options).toEqual({ tasks: 3, wanted: 'bronze' });
  expect(texts).toEqual([{ kind: 'prompt', name: 'system.md', text: 'Be good.' }]);
});

test('tells everything that is wrong at once, with lines', async () => {
  const text = `${HEAD.replace('seed: 1', 'seed: -1')}splits: { visible: 0.9, gate: 0.2, sealed: 0.2 }
source:
  kind: git-history
  repositry: x
  name: Bad Name
mots: 5
`;
  const said = (await problems(text)).map(({ line, path, code }) => `${line} ${path} ${code}`);
  expect(said).toEqual([
    '4 seed spec.out_of_range',
    '5 splits spec.out_of_range',
    '6 source.repository spec.missing_field',
    '8 source.repositry spec.unknown_field',
    '9 source.name spec.out_of_range',
    '10 mots spec.unknown_field',
  ]);
});

test('names the sources that there are', async () => {
  const [one] = await problems(`${HEAD}source: { kind: git-histroy }\n`);
  expect(one).toMatchObject({ path: 'source.kind', got: '"git-histroy"', hint: 'Did you mean git-history?' });
  expect(one!.expected).toContain('human-eval');
});

test('tells of files that are not there', async () => {
  const text = `${HEAD}source: { kind: traces, tasks: 1 }\nknown: [{ kind: skill, file: nowhere.md }]\n`;
  expect(await problems(text)).toMatchObject([{ code: 'spec.missing_file', path: 'known[0].file', line: 6 }]);
  await expect(readSet(join(folder, 'absent.yaml'))).rejects.toMatchObject({ code: 'spec.missing_file' });
});
