// The bubblewrap adapter of the sandbox port. It refuses to run anything when it cannot isolate.
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxRequest, SandboxResult } from '../../contracts/ports.ts';
import { createSlots } from '../process/slots.ts';
import { createOtherRoots } from './other-root.ts';
import { type PrepareOptions, prepare } from './prepare.ts';
import { type Prepared, runPrepared } from './prepared.ts';
import { NAMESPACES } from './profile.ts';

/** Programs with a door, at a time, and the number of their first slot. */
const [MOST_AGENTS, FIRST_AGENT] = [64, 1_000];

/** Says so wherever the sandbox is described: `doctor`, a campaign's manifest, its report. */
export const WEAKENED = 'nested user name spaces kept out by seccomp alone';

export interface BubblewrapOptions extends PrepareOptions {
  /** Runs at a time; more wait, so that a wall-clock limit measures the program and not the queue. Default: cores. */
  readonly concurrency?: number;
  /** The folder that a task's root file system lies in (infra/environments); undefined: such a request is refused. */
  readonly rootOf?: (root: ArtifactRef) => Promise<string>;
}

/**
 * Nothing is checked until first use. The first use finds bubblewrap and Python and runs a trial; while that fails every call
 * throws `sandbox.unavailable` (or `stack.python_missing`) and says what to install or allow.
 */
export function createBubblewrapSandbox(options: BubblewrapOptions = {}): Sandbox {
  const hidden = options.folders?.find((path) => /^\/(tmp|work|dev|proc|sys)(\/|$)/.test(path));
  if (hidden !== undefined)
    throw new AnnealError('internal.bug', `${hidden} would lie where the sandbox has something of its own`);
  const queue = createSlots(options.concurrency ?? availableParallelism());
  // An agent waits for its model most of the time: among the others it would hold up what is judged.
  const agents = createSlots(MOST_AGENTS);
  const otherRoots = createOtherRoots(options.rootOf);
  let preparing: Promise<Prepared> | undefined;
  const prepared = () => {
    preparing ??= prepare(options);
    // A failed preparation is tried again: the user may have installed what was missing.
    preparing.catch(() => {
      preparing = undefined;
    });
    return preparing;
  };

  return {
    async describe() {
      const { version, filter, cgroups, uid, python, barrier } = await prepared();
      const seccomp = createHash('sha256').update(filter).digest('hex').slice(0, 16);
      return [
        `bubblewrap ${version}`,
        `name spaces ${NAMESPACES.join(' ')} mount`,
        `seccomp ${seccomp}`,
        'no /proc, no capabilities, no network, resource limits',
        ...(barrier === 'filter' ? [WEAKENED] : []),
        cgroups.level,
        uid === undefined ? "the worker's user outside" : `user ${uid} outside`,
        `Python ${python.version}`,
      ].join('; ');
    },
    async run(request) {
      checkRequest(request);
      const ready = await prepared();
      const inSlot = async (slot: number): Promise<SandboxResult> => {
        request.signal?.throwIfAborted();
        const root = request.root && (await otherRoots(ready, request.root, slot));
        return runPrepared(ready, request, slot, root);
      };
      return request.door === undefined ? queue(inSlot) : agents((slot) => inSlot(FIRST_AGENT + slot));
    },
  };
}

function checkRequest(request: SandboxRequest): void {
  for (const name of Object.keys(request.files)) {
    const parts = name.split('/');
    if (name.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..'))
      throw new AnnealError('internal.bug', `not a relative path below /work: ${JSON.stringify(name)}`);
  }
}
