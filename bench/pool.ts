// `npm run bench -- pool [--records N] [--folder DIR]`: completions ingested into the pool's tables and scanned there: rate, memory, bytes.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { endingStack } from './ending.ts';
import { writeSegments } from './pool/segments.ts';

const RECORDS = 1_000_000;
const SCANS = ['counts', 'every log-probability', 'rewards joined to answers', 'records read back, hashes checked'];
const VERIFY = 'verified against segments';

const worked = z.strictObject({
  ...{ records: z.int(), seconds: z.number(), cpuSeconds: z.number(), peakMiB: z.number() },
  /** Of parts in which records pass one by one. */
  tenths: z.array(z.number()),
});

export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { records: { type: 'string' }, folder: { type: 'string' } },
  });
  const records = Number(values.records ?? RECORDS);
  if (!Number.isInteger(records) || records < 1) throw new Error('--records expects a number from 1');
  const { parts, sealed, bytes, files } = await measurePool(records, values.folder ?? tmpdir());
  const mebibytes = (size: number): string => (size / 2 ** 20).toFixed(0);
  console.log(`${records} completions of 256 + 96 tokens, each with a trajectory; one run\n`);
  console.log('| | seconds | completions/s | processor seconds | peak memory, MiB |\n| --- | --- | --- | --- | --- |');
  for (const { title, seconds, cpuSeconds, peakMiB } of parts) {
    const row = [title, seconds.toFixed(1), (records / seconds).toFixed(0), cpuSeconds.toFixed(1), peakMiB.toFixed(0)];
    console.log(`| ${row.join(' | ')} |`);
  }
  console.log('\nResident memory, MiB, when so much of the records had passed:\n');
  const print = (row: readonly string[]): void => console.log(`| ${row.join(' | ')} |`);
  print(['', ...Array.from({ length: 10 }, (_, n) => `${(n + 1) * 10}%`)]);
  print(Array.from({ length: 11 }, () => '---'));
  for (const { title, tenths } of parts.filter((part) => part.tenths.length > 0))
    print([title, ...tenths.map((resident) => resident.toFixed(0))]);
  console.log(
    `\nSegments ${mebibytes(sealed)} MiB, tables ${mebibytes(bytes)} MiB in ${files} files: ${(sealed / bytes).toFixed(1)} times smaller, ${(bytes / records).toFixed(0)} bytes a completion with its trajectory. This process, which made them up, took ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most.`,
  );
}

export interface Pooled {
  /** The first is the ingestion. */
  readonly parts: readonly (z.infer<typeof worked> & { readonly title: string })[];
  /** Bytes of the segments, and of the tables in so many files. */
  readonly sealed: number;
  readonly bytes: number;
  readonly files: number;
}

/** @throws Error when a part has not seen each record */
export async function measurePool(records = RECORDS, at = tmpdir()): Promise<Pooled> {
  await using stack = endingStack();
  const folder = await mkdtemp(join(at, 'anneal-bench-pool-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const tell = (line: string): void => void process.stderr.write(`pool: ${line}\n`);

  tell(`writing segments of ${records} completions and as many trajectories`);
  const sealed = await writeSegments(join(folder, 'gateway'), records, (done) => {
    if (done % 100_000 === 0 && done > 0) tell(`${done} written`);
  });
  const parts: (z.infer<typeof worked> & { title: string })[] = [];
  for (const part of ['ingest', ...SCANS, VERIFY]) {
    tell(part);
    const one = await inProcess(part, folder, records);
    if (one.records !== records) throw new Error(`${part}: ${one.records} of ${records} records`);
    parts.push({ ...one, title: part === 'ingest' ? 'ingested, each with its trajectory' : part });
  }
  return { parts, sealed, ...(await sizeOf(join(folder, 'tables'))) };
}

async function inProcess(part: string, folder: string, records: number): Promise<z.infer<typeof worked>> {
  const work = join(import.meta.dirname, 'pool', 'work.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [work, part, folder, `${records}`], {
    maxBuffer: 2 ** 24,
  });
  return worked.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

async function sizeOf(folder: string): Promise<{ bytes: number; files: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return { bytes: sizes.reduce((sum, { size }) => sum + size, 0), files: files.length };
}
