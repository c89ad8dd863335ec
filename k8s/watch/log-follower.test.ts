// Against a scripted node that breaks off anywhere: every line once and in order, over restarts too.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnealError } from '../../contracts/errors.ts';
import { type FollowedLine, type FollowOptions, followLog } from './log-follower.ts';
import type { LogLine } from './log-lines.ts';
import { createScriptedPod, type ScriptedPod } from './scripted-pod.fixture.ts';

const SOURCE = { namespace: 'team-a', pod: 'trainer-0', container: 'main' };
const FAST = {
  shortestPauseMs: 1,
  longestPauseMs: 3,
  statusMs: 30,
  lateStatusMs: 60,
  answerMs: 1_000,
  silenceMs: 1_000,
};
const START = Date.parse('2026-03-01T10:00:00Z');

let written = 0;
/** Lines that differ, unless a text is given, with times that are seldom apart. */
function lines(count: number, text?: string): LogLine[] {
  return Array.from({ length: count }, () => {
    written += 1;
    const at = new Date(START + written * 3 - (written % 5) * 7).toISOString().replace('Z', '000000Z');
    return { at, text: text ?? `line ${written} ü` };
  });
}

interface Followed {
  readonly read: FollowedLine[];
  readonly gaps: string[];
  readonly troubles: AnnealError[];
  readonly over: Promise<void>;
}
function follow(pod: ScriptedPod, options: FollowOptions = {}): Followed {
  const [read, gaps, troubles]: [FollowedLine[], string[], AnnealError[]] = [[], [], []];
  const all = async (): Promise<void> => {
    const noting = {
      onGap: (what: string) => void gaps.push(what),
      onTrouble: (one: AnnealError) => void troubles.push(one),
    };
    for await (const line of followLog(pod.cluster, SOURCE, { timings: FAST, ...noting, ...options })) read.push(line);
  };
  return { read, gaps, troubles, over: all() };
}
const textsOf = (all: readonly LogLine[]): string[] => all.map(({ text }) => text);
const untilRead = (followed: Followed, count: number) =>
  expect.poll(() => followed.read.length, { timeout: 20_000, interval: 2 }).toBe(count);

describe('a followed log', () => {
  it('is every line once and in order, wherever answers are cut, over restarts whose news comes late', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 12 }), same: fc.boolean() }) },
      {
        weight: 4,
        arbitrary: fc.record({ cut: fc.record({ afterBytes: fc.nat(900), clean: fc.boolean() }) }),
      },
      { weight: 1, arbitrary: fc.record({ restartLagMs: fc.constantFrom(0, 0, 2, 20) }) },
      { weight: 1, arbitrary: fc.record({ wait: fc.nat(8) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 24 }),
        fc.integer({ min: 1, max: 64 }),
        async (steps, pieceBytes) => {
          const pod = createScriptedPod();
          pod.pieceBytes = pieceBytes;
          const expected: LogLine[] = [];
          const followed = follow(pod);
          let before = 0;
          let restarts = 0;
          for (const one of steps) {
            if ('write' in one) {
              const next = lines(one.write, one.same ? 'same' : undefined);
              expected.push(...next);
              pod.write(...next);
            }
            // Not two in a row that look whole: those cannot be told from the end of a log.
            if ('cut' in one) pod.cuts.push(one.cut, undefined);
            if ('wait' in one) await new Promise((done) => setTimeout(done, one.wait));
            if ('restartLagMs' in one) {
              // A node keeps two runs: what came before the last one must have been read.
              await untilRead(followed, Math.max(before, followed.read.length));
              before = expected.length;
              restarts += 1;
              pod.restart(one.restartLagMs);
              await new Promise((done) => setTimeout(done, one.restartLagMs + 2));
              await untilRead(followed, before);
            }
          }
          pod.end(2);
          await followed.over;
          expect(textsOf(followed.read)).toEqual(textsOf(expected));
          // What was read but not seen to be all may be reported as cut off.
          if (restarts < 2) expect(followed.gaps).toEqual([]);
        },
      ),
      { numRuns: 100, endOnFailure: true },
    );
  }, 120_000);

  it('reads the end of a run that was started again while nobody could see it', async () => {
    const pod = createScriptedPod();
    const followed = follow(pod);
    const first = lines(5);
    pod.write(...first);
    await untilRead(followed, 5);
    // The connection breaks, and the node knows of the next run before the pod's status does.
    const late = lines(3);
    const second = lines(4);
    pod.cuts.push({ afterBytes: 0, clean: false });
    pod.write(...late);
    pod.restart(45);
    pod.write(...second);
    await untilRead(followed, 12);
    pod.end();
    await followed.over;
    expect(textsOf(followed.read)).toEqual(textsOf([...first, ...late, ...second]));
    expect(followed.read.map(({ run }) => run)).toEqual([...Array(8).fill(0), ...Array(4).fill(1)]);
  });

  it('begins with the run before', async () => {
    const pod = createScriptedPod();
    pod.write(...lines(2, 'first'));
    pod.restart();
    pod.write(...lines(2, 'second'));
    pod.end();
    const followed = follow(pod);
    await followed.over;
    expect(textsOf(followed.read)).toEqual(['first', 'first', 'second', 'second']);
  });

  it('says when a run came and went unread', async () => {
    const pod = createScriptedPod();
    const followed = follow(pod);
    pod.write(...lines(1, 'seen'));
    await untilRead(followed, 1);
    pod.restart();
    pod.write(...lines(1, 'never seen'));
    pod.restart();
    pod.restart();
    pod.end();
    await followed.over;
    expect(textsOf(followed.read)).toEqual(['seen']);
    expect(followed.gaps.join('\n')).toMatch(/run 0 was followed by two others.*\n.*run/s);
  });

  it('takes what stands without a line break at the end for a line, once the container has ended', async () => {
    const pod = createScriptedPod();
    const [tail] = lines(1, 'no line break');
    pod.write(...lines(2));
    pod.writeTail(tail!);
    pod.end();
    const followed = follow(pod);
    await followed.over;
    expect(textsOf(followed.read).at(-1)).toBe('no line break');
    expect(followed.read).toHaveLength(3);
  });

  it('ends with its signal, without an error', async () => {
    const pod = createScriptedPod();
    const stop = new AbortController();
    const followed = follow(pod, { signal: stop.signal });
    pod.write(...lines(3));
    await untilRead(followed, 3);
    stop.abort();
    await followed.over;
  });

  it('ends when the pod is gone, and says that something may be missing', async () => {
    const pod = createScriptedPod();
    const followed = follow(pod);
    pod.write(...lines(3));
    await untilRead(followed, 3);
    pod.remove();
    await followed.over;
    expect(followed.gaps.join()).toMatch(/deleted/);
  });

  it('goes on with a pod of the same name that was created again', async () => {
    const pod = createScriptedPod();
    const followed = follow(pod);
    pod.write(...lines(2, 'old'));
    await untilRead(followed, 2);
    pod.recreate();
    pod.write(...lines(2, 'new'));
    await untilRead(followed, 4);
    pod.end();
    await followed.over;
    expect(textsOf(followed.read)).toEqual(['old', 'old', 'new', 'new']);
    expect(followed.gaps.join()).toMatch(/deleted/);
  });

  it('asks again when nothing comes, without a line twice', async () => {
    const pod = createScriptedPod();
    const followed = follow(pod, { timings: { ...FAST, silenceMs: 20 } });
    pod.write(...lines(3));
    await expect.poll(() => pod.asked.length, { timeout: 10_000, interval: 2 }).toBeGreaterThan(3);
    pod.write(...lines(2));
    pod.end();
    await followed.over;
    expect(followed.read).toHaveLength(5);
    expect(followed.troubles).toEqual([]);
  });

  it('stops at a missing right', async () => {
    const pod = createScriptedPod();
    const { AnnealError: Ours } = await import('../../contracts/errors.ts');
    const refuse = () => Promise.reject(new Ours('cluster.denied', 'pods/log is forbidden'));
    const cluster = { ...pod.cluster, open: refuse };
    const first = followLog(cluster, SOURCE, { timings: FAST }).next();
    await expect(first).rejects.toMatchObject({ code: 'cluster.denied' });
  });
});
