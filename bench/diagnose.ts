// How fast logs are read, and in how much memory: a gigabyte made of the corpus' own lines, diagnosed by a process of its own, beside `wc -l` and
// `grep -c` with three words. Says what the reader's processor time comes to as well, since a busy machine lengthens all of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { whole } from './diagnose-log.ts';
import { endingStack } from './ending.ts';

const LOGS = fileURLToPath(new URL('../tests/logs/', import.meta.url));
const CHILD = fileURLToPath(new URL('./diagnose-child.ts', import.meta.url));
const BLOCK = 8 * 1024 * 1024;

export interface DiagnoseFigures {
  readonly megabytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytesPerSecond: number;
  readonly megabytesPerCpuSecond: number;
  readonly peakMiB: number;
}

export async function main(argv: readonly string[]): Promise<DiagnoseFigures[]> {
  const { values } = parseArgs({
    args: [...argv],
    options: { megabytes: { type: 'string', default: '1000' }, turns: { type: 'string', default: '3' } },
  });
  const megabytes = Number(values.megabytes);
  await using stack = endingStack();
  const folder = mkdtempSync(join(tmpdir(), 'anneal-bench-diagnose-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'long.log');
  await write(path, megabytes);
  process.stdout.write(
    `load ${loadavg()[0]!.toFixed(2)} at the start; ${(statSync(path).size / 1e6).toFixed(0)} MB\n\n`,
  );
  process.stdout.write('| what | MB/s | MB a second of processor | peak, MiB |\n| --- | --- | --- | --- |\n');
  const figures: DiagnoseFigures[] = [];
  for (let turn = 0; turn < Number(values.turns); turn++) {
    const told = JSON.parse(execFileSync(process.execPath, [CHILD, path], { encoding: 'utf8' })) as DiagnoseFigures;
    figures.push(told);
    row('diagnose', told.megabytesPerSecond, told.megabytesPerCpuSecond, told.peakMiB);
  }
  for (const [program, ...args] of [
    ['wc', '-l'],
    ['grep', '-c', 'loss'],
    ['grep', '-ciE', 'error|nan|out of memory'],
    ['rg', '-ci', 'error|nan|out of memory'],
  ] as const) {
    const found = ['/usr/bin', '/bin', '/usr/local/bin'].some((at) => existsSync(join(at, program)));
    if (!found) continue;
    const start = process.hrtime.bigint();
    spawnSync(program, [...args, path]);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    row(
      `${program} ${args.join(' ')}`.replaceAll('|', '\\|'),
      statSync(path).size / 1e6 / seconds,
      undefined,
      undefined,
    );
  }
  return figures;
}

function row(what: string, wall: number, cpu: number | undefined, peak: number | undefined): void {
  process.stdout.write(`| ${what} | ${wall.toFixed(0)} | ${cpu?.toFixed(0) ?? '–'} | ${peak?.toFixed(0) ?? '–'} |\n`);
}

/** Lines of healthy runs over and over, with numbers that move; a fault at the end. */
async function write(path: string, megabytes: number): Promise<void> {
  const healthy = readdirSync(join(LOGS, 'quoted')).filter((name) =>
    /megatron_whole|trl_grpo|verl_steps|nanogpt|torchtitan|vllm_serving|json_lines/.test(name),
  );
  const texts = healthy.map((name) => readFileSync(join(LOGS, 'quoted', name), 'utf8'));
  const file = createWriteStream(path);
  let written = 0;
  for (let block = 0; written < megabytes * 1e6; block++) {
    const bytes = whole(texts, block, BLOCK);
    written += bytes.length;
    if (!file.write(bytes)) await new Promise((resolve) => file.once('drain', () => resolve(undefined)));
  }
  file.end('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n');
  await finished(file);
}
