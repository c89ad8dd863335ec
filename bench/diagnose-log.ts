// A block of a long log: lines of runs that were well, each time in another order, mixed with lines that say nothing.

const PLAIN = [
  '2025-04-06 03:02:12,123 - root - INFO - worker %d read shard %d of the corpus from /data/corpus/part-%d.parquet in %d ms',
  '[rank%d]: fetched %d documents, %d kept after the filters, next offset %d',
  '(WorkerDict pid=%d) rollout %d of group %d took %d turns',
];

export function whole(texts: readonly string[], block: number, bytes: number): Buffer {
  let seed = block + 1;
  const next = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed;
  };
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 20 && line.length < 2000);
  const parts: string[] = [];
  let length = 0;
  while (length < bytes) {
    const line =
      next() % 2 === 0
        ? lines[next() % lines.length]!
        : PLAIN[next() % PLAIN.length]!.replaceAll('%d', () => String(next() % 100_000));
    parts.push(line);
    length += line.length + 1;
  }
  return Buffer.from(`${parts.join('\n')}\n`);
}
