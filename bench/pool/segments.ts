// Segments of made-up completions in a gateway's folder, as its log writes them, without holding them.
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeLine } from '../../gateway/segments/line.ts';
import { segmentName } from '../../gateway/segments/recover.ts';
import { uncheckedCompletion, uncheckedTrajectory } from '../../tests/support/made-up-pool.ts';

const SEGMENT_BYTES = 32 << 20;
/** Rollouts of a group, and groups of a round, as a campaign has them. */
const SAMPLES = 8;
const GROUPS = 2_000;
/** Tokens of a short agent's turn. */
const TOKENS = [256, 96] as const;

/** @returns bytes written */
export async function writeSegments(dir: string, records: number, onProgress: (done: number) => void): Promise<number> {
  await using completions = await openStream(join(dir, 'completions'));
  await using trajectories = await openStream(join(dir, 'trajectories'));
  for (let n = 0; n < records; n += 1) {
    const group = Math.floor(n / SAMPLES) % GROUPS;
    const round = 1 + Math.floor(n / SAMPLES / GROUPS);
    const of = { campaign: 'bench', round, group, sample: n % SAMPLES, tokens: TOKENS };
    await completions.add(uncheckedCompletion(of));
    await trajectories.add(uncheckedTrajectory(of));
    if (n % 10_000 === 0) onProgress(n);
  }
  return completions.bytes() + trajectories.bytes();
}

async function openStream(folder: string) {
  await mkdir(folder, { recursive: true });
  let sequence = 1;
  let file = await open(join(folder, segmentName(sequence)), 'w');
  let waiting: Buffer[] = [];
  let held = 0;
  let inSegment = 0;
  let total = 0;
  async function flush(): Promise<void> {
    await file.writeFile(Buffer.concat(waiting));
    waiting = [];
    held = 0;
  }
  return {
    bytes: () => total,
    async add(record: unknown) {
      const { bytes } = encodeLine(JSON.stringify(record));
      waiting.push(bytes);
      held += bytes.length;
      inSegment += bytes.length;
      total += bytes.length;
      if (held >= 1 << 20) await flush();
      if (inSegment < SEGMENT_BYTES) return;
      await flush();
      await file.close();
      sequence += 1;
      inSegment = 0;
      file = await open(join(folder, segmentName(sequence)), 'w');
    },
    async [Symbol.asyncDispose]() {
      await flush();
      await file.close();
    },
  };
}
