// Every log with known truth, read: the scores of those that were frozen before there was any detector, and of the others.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { diagnosis } from '../../contracts/diagnosis.ts';
import { tellFigures } from '../../tests/support/told-figures.ts';
import { diagnose } from './diagnose.ts';

const LOGS = fileURLToPath(new URL('../../tests/logs/', import.meta.url));

interface Truth {
  readonly files: readonly string[];
  readonly cause: string;
  readonly file: string | null;
  readonly lines: readonly number[];
  readonly rank: number | null;
  readonly source: string | null;
}

const truth = JSON.parse(readFileSync(join(LOGS, 'truth.json'), 'utf8')) as Record<string, Truth>;
const frozen = JSON.parse(readFileSync(join(LOGS, 'frozen.json'), 'utf8')) as Record<
  string,
  { files: Record<string, string> }
>;
const names = Object.keys(truth);

async function judge(name: string) {
  const { files, cause, file, lines, rank } = truth[name]!;
  const found = diagnosis.parse(await diagnose(files.map((one) => join(LOGS, one))));
  const fault = found.firstFault;
  const line = file === null || (fault !== null && fault.file === join(LOGS, file) && lines.includes(fault.line));
  const told = `${name}: ${cause} at ${file}:${lines.slice(0, 4)} rank ${rank}; found ${found.cause} at ${fault?.file.slice(LOGS.length)}:${fault?.line} rank ${fault?.rank}: ${found.summary}`;
  return {
    name,
    cause: found.cause === cause,
    line: found.cause === cause && line,
    rank: rank === null || fault?.rank === rank,
    told,
    found,
  };
}

const judged = Promise.all(names.map(judge));
const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

test('there are enough logs, each with a source', () => {
  const healthy = names.filter((name) => truth[name]!.cause === 'healthy');
  expect(names.length - healthy.length).toBeGreaterThanOrEqual(60);
  expect(healthy.length).toBeGreaterThanOrEqual(20);
  expect(names.filter((name) => !truth[name]!.source)).toEqual([]);
  expect(Object.keys(frozen)).toHaveLength(30);
});

test('the frozen logs are what they were', () => {
  for (const { files } of Object.values(frozen))
    for (const [file, hash] of Object.entries(files)) {
      expect(existsSync(join(LOGS, file)), file).toBe(true);
      expect(
        createHash('sha256')
          .update(readFileSync(join(LOGS, file)))
          .digest('hex'),
        file,
      ).toBe(hash);
    }
});

describe.each([
  ['frozen', (name: string) => name in frozen],
  ['other', (name: string) => !(name in frozen)],
])('the %s logs', (which, belongs) => {
  test('have their causes and first faults found', async ({ task }) => {
    const faults = (await judged).filter(({ name }) => belongs(name) && truth[name]!.cause !== 'healthy');
    const causes = share(faults.map(({ cause }) => cause));
    const lines = share(faults.map(({ line }) => line));
    const ranks = share(faults.filter(({ name }) => truth[name]!.rank !== null).map(({ rank }) => rank));
    tellFigures(task, { causes, lines, ranks });
    process.stdout.write(
      `${which}: ${faults.length} logs, cause ${(causes * 100).toFixed(1)}%, line ${(lines * 100).toFixed(1)}%, rank ${(ranks * 100).toFixed(1)}%\n`,
    );
    const missed = faults.filter(({ cause, line, rank }) => !cause || !line || !rank).map(({ told }) => told);
    if (missed.length > 0) process.stdout.write(`${missed.join('\n')}\n`);
    expect(causes, missed.join('\n')).toBeGreaterThanOrEqual(0.95);
    expect(lines, missed.join('\n')).toBeGreaterThanOrEqual(0.9);
    expect(ranks, missed.join('\n')).toBeGreaterThanOrEqual(0.9);
  });
});

test('no healthy log raises an alarm', async () => {
  const healthy = (await judged).filter(({ name }) => truth[name]!.cause === 'healthy');
  expect(healthy.filter(({ cause }) => !cause).map(({ told }) => told)).toEqual([]);
});

test('evidence is what the file has at its offset', async () => {
  for (const { found } of await judged)
    for (const { file, byteOffset, text, line } of found.evidence) {
      const bytes = readFileSync(file);
      expect(bytes.subarray(byteOffset, byteOffset + Buffer.byteLength(text)).toString()).toBe(text);
      expect(bytes.subarray(0, byteOffset).toString().split('\n')).toHaveLength(line);
    }
});
