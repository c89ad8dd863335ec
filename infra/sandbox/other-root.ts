// A root file system of a task's own in place of the machine's programs. Everything else of the profile stays: it has no /proc, its /dev,
// /tmp and /work are the sandbox's, and nothing of the root can be written.
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxLimits } from '../../contracts/ports.ts';
import { closedFolder } from './closed-folder.ts';
import { type OtherRoot, type Prepared, runPrepared } from './prepared.ts';
import { type RootEntry, SANDBOX_UID } from './profile.ts';

/** Places that the sandbox makes itself, or that no program may find. */
const OWN = new Set(['dev', 'proc', 'sys', 'tmp', 'work', 'run', 'agent']);
const PRLIMITS = ['/usr/bin/prlimit', '/bin/prlimit'];
/** In the order of the path inside: what a shell finds there is what `python3` stands for. */
const PYTHONS = ['/usr/local/bin/python3', '/usr/bin/python3', '/bin/python3'];
const MOST_LINKS = 40;
/** Each is an argument or three. */
const MOST_AT_TOP = 1_000;

const TRIAL = 'import os, sys; print(os.getpid(), os.getuid(), sys.version_info >= (3, 11))';
/** Its first start reads an interpreter from a cold disk. */
const TRIAL_LIMITS: SandboxLimits = {
  ...{ wallMs: 60_000, memoryBytes: 512 * 2 ** 20, diskBytes: 0, processes: 8, outputBytes: 4_096 },
};

/** @returns roots by their content, each tried once before anything is run on it */
export function createOtherRoots(rootOf: ((root: ArtifactRef) => Promise<string>) | undefined) {
  const known = new Map<string, Promise<OtherRoot>>();
  return (ready: Prepared, ref: ArtifactRef, slot: number): Promise<OtherRoot> => {
    const opening = known.get(ref.sha256) ?? open(ready, ref, slot);
    known.set(ref.sha256, opening);
    // The folder may be mended, the tar never: either way the next request asks again.
    opening.catch(() => known.delete(ref.sha256));
    return opening;
  };

  async function open(ready: Prepared, ref: ArtifactRef, slot: number): Promise<OtherRoot> {
    if (rootOf === undefined)
      throw new AnnealError(
        'sandbox.unavailable',
        'this sandbox has no store to take the root file system of a task from',
      );
    const named = `the environment ${ref.sha256.slice(0, 12)}`;
    const path = await rootOf(ref);
    const closed = ready.uid === undefined ? undefined : closedFolder(path);
    if (closed !== undefined)
      throw unusable(`${named} lies below ${closed}, which the sandbox's user may not enter: set ANNEAL_ENVIRONMENTS`);
    const root = readOtherRoot(path);
    if ('why' in root) throw unusable(`${named} ${root.why}`);
    const trouble = await tried(ready, root, slot);
    if (trouble !== undefined) throw unusable(`${named} does not run: ${trouble}`);
    return root;
  }
}

/** What stands at the top of it, and the two programs that every run takes. */
export function readOtherRoot(path: string): OtherRoot | { readonly why: string } {
  const entries = readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !OWN.has(name))
    .map(
      (entry): RootEntry => ({
        path: `/${entry.name}`,
        link: entry.isSymbolicLink() ? readlinkSync(join(path, entry.name)) : undefined,
      }),
    );
  if (entries.length > MOST_AT_TOP) return { why: `has ${entries.length} entries at its top` };
  const prlimit = PRLIMITS.find((program) => isProgram(path, program));
  if (prlimit === undefined) return { why: `has no ${PRLIMITS[0]} (package util-linux)` };
  const python = PYTHONS.find((program) => isProgram(path, program));
  if (python === undefined) return { why: `has no python3 (looked at ${PYTHONS.join(', ')})` };
  return { path, entries, prlimit, python };
}

/** Followed as it will be inside: this machine's own programs answer for none of a root's. */
function isProgram(root: string, program: string): boolean {
  let [left, here] = [segmentsOf(program), [] as string[]];
  for (let links = 0; left.length > 0; ) {
    const [next = '', ...rest] = left;
    left = rest;
    if (next === '..') {
      here.pop();
      continue;
    }
    const place = join(root, ...here, next);
    const entry = lstatSync(place, { throwIfNoEntry: false });
    if (entry === undefined) return false;
    if (entry.isSymbolicLink()) {
      links += 1;
      if (links > MOST_LINKS) return false;
      const target = readlinkSync(place);
      if (target.startsWith('/')) here = [];
      left = [...segmentsOf(target), ...left];
      continue;
    }
    if (left.length === 0) return entry.isFile() && (entry.mode & 0o111) !== 0;
    if (!entry.isDirectory()) return false;
    here.push(next);
  }
  return false;
}

const segmentsOf = (path: string): string[] => path.split('/').filter((one) => one !== '' && one !== '.');

/** @returns what is wrong with it. @throws what is wrong with the sandbox, which says nothing of the root */
async function tried(ready: Prepared, root: OtherRoot, slot: number): Promise<string | undefined> {
  const argv = ['python3', '-P', '-s', '-S', '-B', '-c', TRIAL] as const;
  const result = await runPrepared(ready, { argv, files: {}, stdin: '', limits: TRIAL_LIMITS }, slot, root);
  if (result.stdout === `1 ${SANDBOX_UID} True\n`) return undefined;
  if (result.how === 'timeout')
    throw new AnnealError('sandbox.failed', 'the trial of a root file system took a minute');
  if (/ False\n$/.test(result.stdout)) return `${root.python} is older than 3.11`;
  const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 300);
  return said || `its python3 ${result.how} and said ${JSON.stringify(result.stdout.slice(0, 300))}`;
}

const unusable = (why: string): AnnealError => new AnnealError('environment.unusable', why);
