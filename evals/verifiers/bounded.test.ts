import { expect, test } from 'vitest';
import { workbookParts, xlsx, zip } from '../hacks/spreadsheet/xlsx.ts';
import { artifactOf } from './artifact.ts';
import { bounded, isLarge, SMALL_TO_LINEAR } from './bounded.ts';
import { document } from './document/document.ts';
import { leaderboard } from './leaderboard/leaderboard.ts';
import { readPatch } from './patch/read.ts';
import { tryRead } from './spreadsheet/workbook.ts';
import { judgeData } from './structured-data/data.ts';
import { structuredData } from './structured-data/structured-data.ts';
import type { ArtifactVerifier, Found } from './verifier.ts';

const judge = <C>(verifier: ArtifactVerifier<C>, check: unknown, files: Record<string, string>): Promise<Found> =>
  verifier.judge({
    ...{ check: verifier.check.parse(check), artifact: artifactOf(files), given: new Map() },
    // Nothing of it is run or shown.
    instruments: {} as never,
  });
const data = (format: 'yaml' | 'json' | 'csv', text: string, schema: object = {}) =>
  judge(
    structuredData,
    {
      ...{ file: 'x', as: { format }, schema },
      checks: [{ kind: 'count', name: 'rows', at: '', least: 1, most: 1e6 }],
    },
    { x: text },
  );

test('what is small and what is large are read alike', async () => {
  for (const rows of [3, 70_000]) {
    const text = `a,b\n${'1,2\n'.repeat(rows)}`;
    expect(isLarge(text.length, SMALL_TO_LINEAR)).toBe(rows > 3);
    expect((await data('csv', text)).components).toMatchObject([{ name: 'rows', score: 1 }]);
    expect((await data('csv', `${text}1\n`)).gates).toEqual([
      { name: 'parses', passed: false, why: `x has 1 fields instead of 2 in row ${rows + 1}` },
    ]);
  }
});

test('a file that is made to take for ever fails, and nothing else waits for it', async () => {
  // Looked through once for each bracket, in each of the cells.
  const formula = '['.repeat(8_190);
  const cells = Array.from({ length: 3_000 }, (_, at) => [`A${at + 1}`, { f: formula }] as const);
  const bytes = xlsx({ S: Object.fromEntries(cells) });
  let beats = 0;
  const beat = setInterval(() => {
    beats += 1;
  }, 50);
  const began = performance.now();
  const found = await bounded('workbook', tryRead, true, bytes);
  clearInterval(beat);
  expect(found).toEqual({ why: 'takes more than 5 seconds to read' });
  expect(beats).toBeGreaterThan((performance.now() - began) / 50 / 4);
});

test('a file that takes too much memory fails', async () => {
  // One formula, written anew for each of the cells that share it.
  const others = Array.from({ length: 49_999 }, (_, at) => `<c r="A${at + 2}"><f t="shared" si="0"/></c>`);
  const first = `<c r="A1"><f t="shared" si="0">B1&amp;"${'…'.repeat(8_000)}"</f></c>`;
  const sheet = `<worksheet><sheetData><row>${first}${others.join('')}</row></sheetData></worksheet>`;
  const bytes = zip({ ...workbookParts({ S: {} }), 'xl/worksheets/sheet1.xml': sheet });
  expect(await bounded('workbook', tryRead, true, bytes)).toEqual({ why: 'takes more than 512 MiB to read' });
});

test('many keys, many columns, many notes', async () => {
  const keys = Array.from({ length: 12_000 }, (_, at) => `k${at}: 1`).join('\n');
  expect((await data('yaml', keys)).gates[0]).toMatchObject({ name: 'parses', passed: true });
  expect((await data('yaml', `${keys}\nk7: 2`)).gates[0]!.why).toBe('x has the key "k7" twice: keys are unique');
  const columns = Array.from({ length: 60_000 }, (_, at) => `c${at}`);
  expect((await data('csv', `${columns.join()}\n`)).gates[0]).toMatchObject({ name: 'parses', passed: true });
  expect((await data('csv', `${columns.join()},c9\n`)).gates[0]!.why).toBe('x has the column "c9" twice');
});

test('what the task got wrong stays the task’s, in a thread too', async () => {
  const check = {
    ...{ file: 'x.md', as: 'markdown', sections: [{ heading: 'A' }], rendered: false, rubric: null },
    judgedByRulesAlone: true,
    content: {
      ...{ words: null, tables: [], numbers: [], traceable: null, citations: null },
      facts: [{ name: 'f', file: 'none.txt', quote: 'q' }],
    },
  };
  const text = `# A\n\n${Array.from({ length: 5_000 }, (_, at) => `word${at}`)
    .join(' ')
    .match(/.{1,9000} /g)!
    .join('\n')}\n`;
  expect(isLarge(text.length)).toBe(true);
  await expect(judge(document, check, { 'x.md': text })).rejects.toMatchObject({ code: 'verifier.failed' });
});

test('a large patch gives the repository that a small one gives', async () => {
  const lines = Array.from({ length: 4_000 }, (_, at) => `line ${at}`);
  const diff = `--- /dev/null\n+++ b/f\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`;
  const input = [
    { guarded: [], allowed: [], tests: {} },
    artifactOf({ 'patch.diff': diff }),
    artifactOf({ g: 'g\n' }),
  ] as const;
  const [here, there] = [readPatch(...input), await bounded('patch', readPatch, true, ...input)];
  const plain = (one: object) =>
    JSON.parse(JSON.stringify(one, (_, value) => (value instanceof Map ? [...value.keys()] : value)));
  expect(plain(there)).toEqual(plain(here));
  expect('repository' in there && Buffer.from(there.repository.get('f')!).toString()).toBe(`${lines.join('\n')}\n`);
});

test('predictions that no number can hold the error of win nothing', async () => {
  const labels = Array.from({ length: 10 }, (_, at) => ({ id: `i${at}`, label: at }));
  const check = {
    file: 'p.csv',
    labels,
    metric: 'rmse',
    medals: { gold: 0.1, silver: 0.2, bronze: 0.3 },
    wanted: 'bronze',
  };
  const found = await judge(leaderboard, check, {
    'p.csv': `id,prediction\n${labels.map(({ id }) => `${id},1e200`).join('\n')}\n`,
  });
  expect(found.components).toMatchObject([{ name: 'medal', score: 0, why: expect.stringContaining('no medal') }]);
  expect(found.seen).toEqual({ metric: 'rmse', score: 'Infinity', medal: null });
});

test('a reader that fails is the failure of who wrote the text', async () => {
  const check = { file: 'x', as: { format: 'json' }, schema: {}, checks: [] } as never;
  const broken = 1 as never;
  for (const apart of [false, true])
    expect(await bounded('data', judgeData, apart, check, broken)).toEqual({
      why: 'makes its reader fail: TypeError: text.startsWith is not a function',
    });
});
