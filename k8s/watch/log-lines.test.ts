import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReading, type LogLine, parseLogLine } from './log-lines.ts';

const START = Date.parse('2026-03-01T10:00:00Z');
const timeOf = (ms: number): string => `${new Date(START + ms).toISOString().slice(0, -1)}000000Z`;

describe('a line of a log', () => {
  it.each([
    ['2026-03-01T10:00:00.123456789Z hello', '2026-03-01T10:00:00.123456789Z', 'hello'],
    ['2026-03-01T12:30:00.5+02:30 a zone', '2026-03-01T10:00:00.500000000Z', 'a zone'],
    ['2026-03-01T10:00:00Z no fraction', '2026-03-01T10:00:00.000000000Z', 'no fraction'],
    ['2026-03-01T10:00:00.1Z ', '2026-03-01T10:00:00.100000000Z', ''],
    ['2026-03-01T10:00:00.1Z  two spaces', '2026-03-01T10:00:00.100000000Z', ' two spaces'],
  ])('%s', (told, at, text) => expect(parseLogLine(told)).toEqual({ at, text }));

  it.each(['', 'unable to retrieve container logs for containerd://1', '2026-13-01T10:00:00Z no such month'])(
    'is none: %s',
    (told) => expect(parseLogLine(told)).toBeUndefined(),
  );
});

/** A log in the order of its arrival: times equal, a little swapped, or far apart. */
const log = fc
  .array(
    fc.record({
      after: fc.constantFrom(0, 0, 0, 1, 40, 900, 7_000),
      swap: fc.constantFrom(0, 0, 300),
      same: fc.boolean(),
    }),
    {
      maxLength: 60,
    },
  )
  .map((steps) => {
    let ms = 0;
    return steps.map(({ after, swap, same }, index): LogLine => {
      ms += after;
      return { at: timeOf(ms - swap), text: same ? 'same' : `line ${index}` };
    });
  });

describe('what has been read of a log', () => {
  it.each([[undefined], [4], [9]])(
    'takes every line once, however often and wherever answers break off (remembering %s)',
    (remembered) => {
      fc.assert(
        fc.property(log, fc.array(fc.nat(40), { maxLength: 12 }), (lines, lengths) => {
          // With few remembered, the time decides of the rest: then times must differ and be in order.
          const written =
            remembered === undefined ? lines : lines.map((line, index) => ({ ...line, at: timeOf(index * 37) }));
          const reading = createReading(remembered);
          const read: LogLine[] = [];
          for (const length of [...lengths, Number.POSITIVE_INFINITY]) {
            const since = reading.since() ?? '';
            const answer = written.filter(({ at }) => at.slice(0, 19) >= since.slice(0, 19));
            reading.begin();
            for (const line of answer.slice(0, length)) {
              if (!reading.isNew(line)) continue;
              reading.keep(line);
              read.push(line);
            }
          }
          expect(read).toEqual(written);
          expect(reading.kept).toBe(written.length);
        }),
        { numRuns: 500 },
      );
    },
  );

  it('goes on where the beginning of an answer has gone with a rotated file', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.nat(10), (before, after, gone) => {
        const written = Array.from({ length: before + after }, (_, index) => ({
          at: timeOf(Math.floor(index / 3)),
          text: `line ${index}`,
        }));
        const reading = createReading();
        reading.begin();
        for (const line of written.slice(0, before)) if (reading.isNew(line)) reading.keep(line);
        reading.begin();
        // Nothing unread has gone.
        const answer = written.slice(Math.min(gone, before));
        expect(answer.filter((line) => reading.isNew(line))).toEqual(written.slice(before));
      }),
    );
  });

  it('knows whether an answer has told the last line that was read', () => {
    const lines = [0, 1, 2].map((index) => ({ at: timeOf(index), text: 'x' }));
    const reading = createReading();
    for (const line of lines) reading.keep(line);
    reading.begin();
    expect([reading.recognised, reading.reachedEnd]).toEqual([false, false]);
    for (const line of lines.slice(0, 2)) reading.isNew(line);
    expect([reading.recognised, reading.reachedEnd]).toEqual([true, false]);
    reading.isNew(lines[2]!);
    expect(reading.reachedEnd).toBe(true);
  });
});
