import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Figure } from './figure.ts';
import { openJournal } from './journal.ts';
import { createCourse, type Step, type StepFinding, stepFinding } from './steps.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-steps-'));
  writeFileSync(join(root, 'code.ts'), '1');
});
afterEach(() => rmSync(root, { recursive: true }));

const journal = () => openJournal<StepFinding>({ name: 'x', code: ['code.ts'], finding: stepFinding, root });
const figure = (name: string, holds: boolean): Figure => ({ name, value: '1', bound: '1', holds });

/** Steps that note when they are measured, and what is said meanwhile. */
function course(...steps: readonly (readonly [string, number, () => Figure[]])[]) {
  const measured: string[] = [];
  const said: string[] = [];
  const all = steps.map(([name, seconds, measure]): Step => {
    const noted = async (): Promise<Figure[]> => {
      measured.push(name);
      return measure();
    };
    return { name, seconds, measure: noted };
  });
  const played = () => createCourse(all, journal(), (line) => said.push(line)).play(all);
  return { measured, said, played };
}

test('what held is not measured again by the same code; a miss is, and says how often', async () => {
  const a = () => [figure('a', true)];
  await course(['A', 1, a], ['B', 1, () => [figure('b', false)]]).played();
  const again = course(['A', 1, a], ['B', 1, () => [figure('b', true)]]);
  const figures = await again.played();
  expect(again.measured).toEqual(['B']);
  expect(figures.map(({ value, holds }) => [value, holds])).toEqual([
    ['1', true],
    ['1, measured 2 times', true],
  ]);
  writeFileSync(join(root, 'code.ts'), '2');
  const other = course(['A', 1, a]);
  expect(await other.played()).toEqual([figure('a', true)]);
  expect(other.measured).toEqual(['A']);
  expect(readdirSync(join(root, '.testbed/accept'))).toHaveLength(1);
});

test('what the code imports counts, in other folders too, and its tests do not', async () => {
  const other = mkdtempSync(join(root, 'other-'));
  writeFileSync(join(other, 'far.ts'), 'export const far = 1;');
  writeFileSync(join(root, 'code.ts'), `import { far } from './${basename(other)}/far.ts';`);
  writeFileSync(join(other, 'beside.ts'), '1');
  const a = () => [figure('a', true)];
  const measured = async (): Promise<number> => {
    const one = course(['A', 1, a]);
    await one.played();
    return one.measured.length;
  };
  expect([await measured(), await measured()]).toEqual([1, 0]);
  writeFileSync(join(other, 'beside.ts'), '2');
  expect(await measured()).toBe(0);
  writeFileSync(join(other, 'far.ts'), 'export const far = 2;');
  expect(await measured()).toBe(1);
});

test('a module of which types alone are imported does not count', async () => {
  const far = './far.ts';
  const a = () => [figure('a', true)];
  const measured = async (): Promise<number> => {
    const one = course(['A', 1, a]);
    await one.played();
    return one.measured.length;
  };
  writeFileSync(join(root, 'far.ts'), 'export type Far = 1;');
  const ofTypes = [
    `import type { Far } from '${far}';`,
    `import { type Far, type Other } from '${far}';`,
    `export type { Far } from '${far}';`,
    `import {\n  type Far,\n  type Other as One,\n} from '${far}';`,
  ];
  writeFileSync(join(root, 'code.ts'), ofTypes.join('\n'));
  expect(await measured()).toBe(1);
  writeFileSync(join(root, 'far.ts'), 'export type Far = 2;');
  expect(await measured()).toBe(0);
  writeFileSync(join(root, 'code.ts'), `import { type Far, far } from '${far}';`);
  expect(await measured()).toBe(1);
  writeFileSync(join(root, 'far.ts'), 'export type Far = 3;');
  expect(await measured()).toBe(1);
});

test('a miss is told at once, before what comes after it', async () => {
  const said: string[] = [];
  const {
    measured,
    said: lines,
    played,
  } = course(
    ['A', 1, () => [figure('a', false)]],
    [
      'B',
      1,
      () => {
        said.push(...lines.filter((line) => line.startsWith('MISSED')));
        return [figure('b', true)];
      },
    ],
  );
  await played();
  expect(measured).toEqual(['A', 'B']);
  expect(said).toEqual(['MISSED ✗ a  1  (1)']);
});

test('a step that breaks is a miss and no end, and so is one that measures nothing', async () => {
  const broken = () => {
    throw new Error('no disk\nat somewhere');
  };
  const figures = await course(['A', 1, broken], ['B', 1, () => []], ['C', 1, () => [figure('c', true)]]).played();
  expect(figures.map(({ name, value, holds }) => [name, value, holds])).toEqual([
    ['A comes to its end', 'no disk', false],
    ['B', 'nothing was measured', false],
    ['c', '1', true],
  ]);
});

test('tells beforehand how long it will take, without what is done', async () => {
  const steps = [
    ['A', 600, () => [figure('a', true)]],
    ['B', 300, () => [figure('b', false)]],
  ] as const;
  const first = course(...steps);
  await first.played();
  expect(first.said[0]).toBe('2 steps, about 15 min on two idle cores');
  expect(first.said.filter((line) => line.includes('done'))).toMatchObject([
    expect.stringMatching(/^A: 0 s; 1 of 2 steps done, about 0 s left$/),
    expect.stringMatching(/^B: 0 s; 2 of 2 steps done$/),
  ]);
  const second = course(...steps);
  await second.played();
  expect(second.said[0]).toMatch(/^2 steps, about 5 min on two idle cores; 1 held before/);
});

test('a line that a kill cut short is measured again, and the journal goes on', async () => {
  const a = () => [figure('a', true)];
  await course(['A', 1, a]).played();
  const [file] = readdirSync(join(root, '.testbed/accept'));
  appendFileSync(join(root, '.testbed/accept', file!), '{"name":"B","fig');
  const next = course(['A', 1, a], ['B', 1, a]);
  await next.played();
  expect(next.measured).toEqual(['B']);
  const last = course(['A', 1, a], ['B', 1, a]);
  await last.played();
  expect(last.measured).toEqual([]);
});

test('what lies apart is no part of the code, nor what only it imports', async () => {
  writeFileSync(join(root, 'table.ts'), "import './other.ts';");
  writeFileSync(join(root, 'other.ts'), '1');
  writeFileSync(join(root, 'code.ts'), "import './table.ts';");
  const played = async (): Promise<boolean> => {
    const apart = openJournal<StepFinding>({
      name: 'x',
      code: ['code.ts'],
      apart: ['table.ts'],
      finding: stepFinding,
      root,
    });
    const known = apart.found.has('A');
    apart.add({ name: 'A', figures: [figure('a', true)], ms: 1, measured: 1 });
    return known;
  };
  expect(await played()).toBe(false);
  writeFileSync(join(root, 'other.ts'), '2');
  writeFileSync(join(root, 'table.ts'), "import './other.ts';\n");
  expect(await played()).toBe(true);
  writeFileSync(join(root, 'code.ts'), "import './table.ts';\n");
  expect(await played()).toBe(false);
});
