import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { BaseSequencer, type TestSpecification, type Vitest } from 'vitest/node';
import { LONGEST, LongestFirst } from '../support/longest-first.ts';

const root = join(import.meta.dirname, '..', '..');

it('names files that are there', () => {
  expect(LONGEST.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it('puts them first, in their order, and leaves the others in theirs', async () => {
  const others = ['cli/a.test.ts', 'evals/corpus.test.ts', 'cli/b.test.ts'];
  const given = [others[0]!, ...LONGEST.toReversed(), others[1]!, others[2]!];
  vi.spyOn(BaseSequencer.prototype, 'sort').mockImplementation(async (files) => files);
  const files = given.map((path) => ({ moduleId: join(root, path) }) as TestSpecification);
  const sorted = await new LongestFirst({ config: {} } as Vitest).sort(files);
  expect(sorted.map(({ moduleId }) => moduleId.slice(root.length + 1))).toEqual([...LONGEST, ...others]);
});
