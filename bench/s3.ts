// Throughput and memory of the S3 store against the AWS SDK's bare `Upload` and `GetObject`, on a real S3 server on loopback.
// The two take turns; each transfer has a process and an address of its own.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ensureBinary } from '../k8s/testbed/binaries.ts';
import { startS3Server } from '../tests/support/s3-server.ts';
import { endingStack } from './ending.ts';
import type { Less } from './k8s.ts';
import { spread } from './load.ts';

const TRANSFER = fileURLToPath(new URL('./s3-transfer.ts', import.meta.url));
const SIZES_MIB = [64, 512];
const REPEATS = 5;
const MEMORY = '/dev/shm';
const figures = z.object({ up: z.number(), down: z.number(), mib: z.number() });
type Figures = z.infer<typeof figures>;

export async function run(print: (line: string) => void, less: Less): Promise<void> {
  const { turns = REPEATS } = less;
  await ensureBinary('versitygw', (line) => void process.stderr.write(`${line}\n`));
  await using stack = endingStack();
  // A disk would be the slowest part, and not the same from turn to turn.
  const parent = existsSync(MEMORY) ? MEMORY : tmpdir();
  const folder = await mkdtemp(join(parent, 'anneal-bench-s3-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // As S3 does.
  const server = await startS3Server({ keepAlive: true, parent });
  stack.defer(() => server.stop());
  print(`Medians (range) of ${turns} turns; all files of both sides in ${parent}.\n`);
  print('| file | | ours | bare SDK | ratio of speeds (range) |\n| --- | --- | --- | --- | --- |');
  for (const mib of SIZES_MIB) {
    const file = await randomFile(join(folder, `${mib}`), mib);
    const all: Record<'ours' | 'bare', Figures[]> = { ours: [], bare: [] };
    // The first turn warms up the file cache and is thrown away.
    for (let turn = 0; turn <= turns; turn += 1) {
      for (const who of turn % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
        const measured = await transfer(who, server.address(), file);
        if (turn > 0) all[who].push(measured);
      }
      process.stderr.write(`${mib} MiB: turn ${turn} of ${turns}\n`);
    }
    for (const way of ['up', 'down'] as const) print(speedRow(mib, way, all));
    const memory = (who: 'ours' | 'bare'): string =>
      range(
        all[who].map((one) => one.mib),
        0,
      );
    print(`| ${mib} MiB | memory added, MiB | ${memory('ours')} | ${memory('bare')} | |`);
  }
}

async function transfer(who: string, address: string, file: string): Promise<Figures> {
  const { stdout } = await promisify(execFile)(process.execPath, [TRANSFER, who, address, file]);
  return figures.parse(JSON.parse(stdout));
}

function speedRow(mib: number, way: 'up' | 'down', all: Record<'ours' | 'bare', Figures[]>): string {
  const rates = (who: 'ours' | 'bare'): number[] => all[who].map((one) => mib / one[way]);
  const ratios = rates('ours').map((rate, turn) => rate / rates('bare')[turn]!);
  return `| ${mib} MiB | ${way}, MiB/s | ${range(rates('ours'), 0)} | ${range(rates('bare'), 0)} | ${range(ratios, 2)} |`;
}

function range(values: readonly number[], digits: number): string {
  const { median, low, high } = spread([...values]);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

async function randomFile(path: string, mib: number): Promise<string> {
  const file = await open(path, 'w');
  for (let count = 0; count < mib; count += 1) await file.write(randomBytes(1 << 20));
  await file.close();
  return path;
}
