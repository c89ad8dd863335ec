// Lines of a log by their numbers: a second pass, since what is worth showing is known only after the first.
import type { ReadFile } from '../../../contracts/diagnosis.ts';
import { textOf } from '../events.ts';
import { openSource } from '../source.ts';

const NEWLINE = 10;
/** So much of a line is looked at. */
const LINE = 64 * 1024;

/** From and to, both from 1 and both in it. */
export type Span = readonly [from: number, to: number];

/** Joined where they touch, in order. */
export function joined(spans: readonly Span[]): Span[] {
  const sorted = [...spans].filter(([from, to]) => to >= from).sort((a, b) => a[0] - b[0]);
  const kept: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = kept.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else kept.push([from, to]);
  }
  return kept;
}

/** @returns by line number, what a terminal would show of the line: what stands after its last carriage return */
export async function linesOf(
  path: string,
  spans: readonly Span[],
  { encoding }: Pick<ReadFile, 'encoding'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  const wanted = joined(spans);
  const opened = await openSource(path);
  if ('state' in opened || wanted.length === 0) return found;
  const last = wanted.at(-1)![1];
  let line = 1;
  let at = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const isWanted = (): boolean => at < wanted.length && line >= wanted[at]![0];
  const take = (bytes: Uint8Array): void => {
    if (length >= LINE || bytes.length === 0) return;
    // The chunk is written over before the line ends.
    parts.push(Buffer.from(bytes.subarray(0, LINE - length)));
    length += parts.at(-1)!.length;
  };
  const end = (): void => {
    if (isWanted()) found.set(line, shownOf(textOf(Buffer.concat(parts), encoding)));
    parts = [];
    length = 0;
    line += 1;
    while (at < wanted.length && line > wanted[at]![1]) at += 1;
  };
  try {
    for await (const chunk of opened.source.chunks(signal)) {
      let from = 0;
      for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
        if (isWanted()) take(chunk.subarray(from, to));
        end();
        from = to + 1;
        if (line > last) return found;
      }
      if (isWanted()) take(chunk.subarray(from));
    }
  } catch {
    // The end of a packed file is missing: what came before it counts, as in the first pass.
  }
  if (length > 0) end();
  return found;
}

function shownOf(line: string): string {
  const whole = line.replace(/\r+$/, '');
  return whole.slice(whole.lastIndexOf('\r') + 1);
}
