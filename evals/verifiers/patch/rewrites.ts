// Versions of a task's own code that mean the same and are written otherwise, as the judgement's secret draws it: for tests that look at
// how code is written. Python only, by a program of ours in a sandbox (launchers/rewrite.py), before anything of a policy's is there.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { runWorkspace } from '../../workspace/run.ts';
import { SEALED } from '../../workspace/workspace.ts';
import type { Artifact } from '../artifact.ts';
import type { Instruments } from '../verifier.ts';
import type { RunnerName } from './check.ts';
import { drawn, RUNNERS, sealedFor } from './runners.ts';

const WALL_MS = 60_000;
const MB = 2 ** 20;

/** Behind a runner's name: why a task that asks for tests is refused. */
export const BY_ITS_WORDS =
  'runs tests in a language in which nothing here writes code in other words: written tests could go by how it is written';

export const isRewritable = (runner: RunnerName): boolean => RUNNERS[runner].language === 'python';

/** What a version is given beside: of one of its files something on one of these lines means another thing, for each turn something else. */
export interface Mistake {
  readonly path: string;
  readonly lines: readonly number[];
  readonly turn: number;
}

/**
 * @param versions each is written anew by a draw of its own
 * @param paths what is written anew of each, where it is Python
 * @param mistakes by the number of the version; a version is left out where there is no such mistake to make
 * @throws AnnealError `sandbox.*`, `verifier.failed`
 */
export async function rewritten(
  versions: readonly Artifact[],
  paths: readonly string[],
  instruments: Instruments,
  purpose: string,
  mistakes: ReadonlyMap<number, Mistake> = new Map(),
): Promise<Artifact[]> {
  const places = versions.flatMap((version, number) =>
    paths
      .filter((path) => path.endsWith('.py') && version.has(path))
      .map((path) => ({ number, path, at: `versions/${number}/${path}` })),
  );
  if (places.length === 0) return [...versions];
  const seeds = places.map(({ number, path, at }) => {
    const mistake = mistakes.get(number);
    const own = mistake?.path === path ? mistake : undefined;
    const seed = drawn(instruments.secret, 'rewrite', purpose, number, at);
    return [
      at,
      seed,
      own === undefined ? null : [own.lines, drawn(instruments.secret, 'mistake', purpose, path), own.turn],
    ];
  });
  const { steps, collected } = await runWorkspace(instruments.sandbox, {
    files: new Map(places.map(({ number, path, at }) => [at, versions[number]!.get(path)!])),
    sealed: sealedFor({ ...RUNNERS.unittest, launchers: ['rewrite.py'] }, instruments),
    steps: [
      {
        what: 'versions in other words',
        argv: ['python3', '-s', '-P', '-S', '-B', `${SEALED}/rewrite.py`],
        stdin: JSON.stringify(seeds),
        wallMs: WALL_MS,
      },
    ],
    collect: [{ path: 'versions/', maxBytes: 16 * MB, required: true }],
    limits: RUNNERS.unittest.limits,
  });
  const [step] = steps;
  if (step?.how !== 'exited' || step.exitCode !== 0)
    throw new AnnealError('verifier.failed', `versions cannot be written otherwise: ${step?.stderr.slice(-200)}`);
  const made = z.array(z.string()).parse(JSON.parse(step.stdout));
  const isMade = ([number, { path }]: readonly [number, Mistake]): boolean =>
    made.includes(`versions/${number}/${path}`);
  const without = new Set([...mistakes].filter((one) => !isMade(one)).map(([number]) => number));
  return versions.flatMap((version, number) => {
    if (without.has(number)) return [];
    const own = places.filter((place) => place.number === number);
    return [new Map([...version, ...own.map(({ path, at }) => [path, read(collected, at)] as const)])];
  });
}

function read(collected: Artifact, path: string): Uint8Array {
  const bytes = collected.get(path);
  if (bytes === undefined) throw new AnnealError('verifier.failed', `${path} was not written otherwise`);
  return bytes;
}
