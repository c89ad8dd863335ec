// What the reader makes of any bytes: records with their lines and offsets, prefixes peeled, nothing thrown.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from './event.ts';
import { rankOfPath } from './manner.ts';
import { metricsOf } from './metrics.ts';
import { peel } from './prefix.ts';
import { readLogs } from './reader.ts';
import { createScanner, MAX_RECORD } from './scanner.ts';
import { newCalendar } from './times.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-reader-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(content: Uint8Array | string, name = 'some.log') {
  const path = join(folder, name);
  writeFileSync(path, content);
  const events: Event[] = [];
  const files = await readLogs([path], { take: (event) => events.push(event) });
  return { events, file: files[0]! };
}

describe('a record', () => {
  test('has the line and the offset of its bytes, however the chunks fall', () => {
    const words = fc.constantFrom('loss 1', 'ok', 'Error: x', 'ä', '\r', '', 'x'.repeat(70));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), fc.array(fc.integer({ min: 1, max: 40 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.join('\n'));
        const seen: string[] = [];
        const scanner = createScanner(({ bytes: own, line, offset }) => {
          expect(bytes.subarray(offset, offset + own.length).equals(own)).toBe(true);
          expect(bytes.subarray(0, offset).toString().split('\n')).toHaveLength(line);
          seen.push(own.toString());
        });
        let from = 0;
        for (const cut of cuts) {
          scanner.push(bytes.subarray(from, from + cut));
          from += cut;
        }
        scanner.push(bytes.subarray(from));
        scanner.end();
        expect(seen).toEqual(
          lines
            .join('\n')
            .split(/[\n\r]/)
            .filter((line) => line !== ''),
        );
      }),
    );
  });

  test('that never ends is given in pieces of one line', () => {
    const pieces: [number, number, boolean][] = [];
    const scanner = createScanner(({ bytes, line, cut }) => pieces.push([bytes.length, line, cut]));
    scanner.push(Buffer.from(`${'x'.repeat(3 * MAX_RECORD - 10)}\nloss\n`));
    scanner.end();
    expect(pieces.map(([, line]) => line)).toEqual([1, 1, 1, 2]);
    expect(pieces.slice(0, 3).reduce((sum, [length]) => sum + length, 0)).toBe(3 * MAX_RECORD - 10);
    expect(scanner.lines).toBe(2);
  });

  test('without a word is passed over in the middle of a long file', () => {
    let given = 0;
    const scanner = createScanner(({ hit }) => (given += hit ? 1 : 0));
    const quiet = Buffer.from('a b c d e f g h\n'.repeat(65_536));
    for (let turn = 0; turn < 20; turn++) scanner.push(quiet);
    scanner.push(Buffer.from('OutOfMemoryERROR\n'));
    scanner.end();
    expect(given).toBe(1);
    expect(scanner.lines).toBe(20 * 65_536 + 1);
  });
});

describe('a file', () => {
  test.each([
    ['empty', '', 'empty'],
    ['binary', Buffer.from(Array.from({ length: 4000 }, (_, at) => (at * 7919) % 256)), 'binary'],
    ['no gzip, only its first bytes', Buffer.from([0x1f, 0x8b, 1, 2, 3, 4]), 'damaged'],
  ] as const)('that is %s', async (_, content, state) => expect((await read(content)).file.state).toBe(state));

  test('that is a folder, or is not there', async () => {
    const states = await readLogs([folder, join(folder, 'not-there')], { take: () => undefined });
    expect(states.map(({ state }) => state)).toEqual(['directory', 'missing']);
  });

  test.each([
    ['UTF-16 with a mark', Buffer.from('\ufeffError: one\nloss 2\n', 'utf16le'), 'utf-16le', false],
    ['UTF-16 without', Buffer.from('Error: one\nloss 2\n', 'utf16le'), 'utf-16le', false],
    ['gzip', gzipSync('Error: one\nloss 2\n'), 'utf-8', true],
    ['Latin-1', Buffer.from('Error: one\nGerät loss 2\n', 'latin1'), 'unknown', false],
  ] as const)('in %s is read', async (_, content, encoding, gzip) => {
    const { events, file } = await read(content);
    expect(file).toMatchObject({ state: 'read', encoding, gzip, lines: 2, openEnd: false });
    expect(events.map(({ body }) => body.replace(/^\ufeff/, '').slice(0, 5))).toEqual(['Error', expect.any(String)]);
  });

  test('whose packed end is missing counts up to there', async () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => `step ${at} loss ${(at * 7919) % 1000}`).join('\n');
    const packed = gzipSync(lines);
    const { file } = await read(packed.subarray(0, packed.length / 2));
    expect(file.state).toBe('damaged');
    expect(file.lines).toBeGreaterThan(1000);
  });

  test('is left where it is interrupted', async () => {
    const path = join(folder, 'long.log');
    writeFileSync(path, '');
    for (let turn = 0; turn < 8; turn++) appendFileSync(path, 'loss 1\n'.repeat(150_000));
    const stop = new AbortController();
    const [file] = await readLogs(
      [path],
      { take: ({ order }) => void (order === 0 && stop.abort()) },
      { signal: stop.signal },
    );
    expect(file).toMatchObject({ state: 'interrupted' });
    expect(file!.lines).toBeLessThan(8 * 150_000);
  });
});

describe('a prefix', () => {
  const of = (raw: string, numbered = false) => peel(raw, { numbered, calendar: newCalendar() });
  test.each([
    ['[rank3]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 3] Watchdog', 3, 'Watchdog'],
    ['[80746] [rank0]:[E321 02:07:08.40 ProcessGroupNCCL.cpp:607] [Rank 0] x', 0, 'x'],
    ['[E ProcessGroupNCCL.cpp:737] [Rank 1] Watchdog', 1, 'Watchdog'],
    ['[default3]:[rank3]: Traceback', 3, 'Traceback'],
    ['[rank1]:   File "x.py", line 1', 1, '  File "x.py", line 1'],
    ['[1,7]<stderr>: gone', 7, 'gone'],
    ['(VllmWorker rank=5 pid=12) ERROR 05-12 01:48:42 [worker.py:72] x', 5, 'x'],
    ['(WorkerDict pid=12, ip=10.0.0.1) x', undefined, 'x'],
    ['[pod/trainer-worker-3/main] 2024-05-05T10:11:12.1234Z x', 3, 'x'],
    ['[2025-01-29 08:52:43 TP5] x', 5, 'x'],
    ['node7:984:1357 [4] NCCL INFO x', 4, 'NCCL INFO x'],
    ['\u001b[36m(train pid=9)\u001b[0m x', undefined, 'x'],
    ['2024-05-05 10:00:00,123 - root - INFO - x', undefined, 'x'],
    ['2023-07-26 09:59:13.215 | INFO     | __main__:train:26 - x', undefined, 'x'],
  ])('%s', (raw, rank, body) => expect(of(raw)).toMatchObject({ rank, body }));

  test('of a number means a rank where the lines are numbered', () => {
    expect(of('12: x', true)).toMatchObject({ rank: 12, body: 'x' });
    expect(of('12: x').rank).toBeUndefined();
  });

  test('of a path means a rank', () => {
    expect(
      ['out/rank_3.log', 'attempt_0/12/stderr.log', 'worker-4.out', 'train.log', 'slurm-123.out'].map(rankOfPath),
    ).toEqual([3, 12, 4, undefined, undefined]);
  });
});

test.each([
  [
    'iteration 71/ 100 | elapsed time per iteration (ms): 5361.6 | lm loss: 1.81E+00 | grad norm: 1.300 |',
    { step: 71, stepTime: 5361.6, loss: 1.81, gradNorm: 1.3 },
  ],
  [
    "{'loss': 3.5, 'grad_norm': nan, 'kl': 0.01, 'completion_length': 237.2, 'reward_std': 0.7, 'reward': 1.8}",
    { loss: 3.5, gradNorm: Number.NaN, kl: 0.01, length: 237.2, reward: 1.8 },
  ],
  [
    'step:34 - actor/entropy:0.22 - actor/kl_loss:0.0013 - actor/kl_coef:0.001 - response_length/mean:1267.0',
    { step: 34, entropy: 0.22, kl: 0.0013, length: 1267 },
  ],
  ['iter 36298: loss 5.8465, time 148.74ms, mfu 0.01%', { step: 36298, loss: 5.8465, stepTime: 148.74 }],
  ['Epoch: [0][415/1736]\t Loss 0.5844 MAE 0.6568', { loss: 0.5844 }],
  ['step: 10  loss:  8.1234  grad_norm:  1.2  tps: 5,123', { step: 10, loss: 8.1234, gradNorm: 1.2, throughput: 5123 }],
  ['val_loss: 3.2 aux_loss: 0.1 loss scale: 1.0', { lossScale: 1 }],
])('%s is read as numbers', (body, numbers) => {
  expect(Object.fromEntries(metricsOf(body).map(({ kind, value }) => [kind, value]))).toEqual(numbers);
});
