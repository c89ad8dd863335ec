// A run's files and standard input as parts that a ConfigMap holds.
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxRequest } from '../../contracts/ports.ts';

/** A ConfigMap holds a mebibyte; the cluster's own store takes no request far above that, and its encoding adds a third. */
const PART_BYTES = 700 * 1024;
/** 22 MiB in all: every byte is kept by the cluster's control plane for as long as the run. */
const MOST_PARTS = 32;

export interface Inputs {
  readonly files: readonly Uint8Array[];
  readonly stdin: readonly Uint8Array[];
  readonly fileBytes: number;
}

/** @throws AnnealError `sandbox.failed` for more than pods can be given, `internal.bug` for a path that leaves /work */
export function inputsOf({ files, stdin }: Pick<SandboxRequest, 'files' | 'stdin'>): Inputs {
  const entries = Object.entries(files)
    .map(([path, content]) => [checked(path), Buffer.from(content)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const head = Buffer.from(`${JSON.stringify(entries.map(([path, bytes]) => [path, bytes.length]))}\n`);
  const whole = Buffer.concat([head, ...entries.map(([, bytes]) => bytes)]);
  const parts = { files: partsOf(whole), stdin: partsOf(Buffer.from(stdin)) };
  if (parts.files.length + parts.stdin.length > MOST_PARTS)
    throw new AnnealError(
      'sandbox.failed',
      `a pod is given at most ${MOST_PARTS * PART_BYTES} bytes of files and standard input, not ${whole.length + Buffer.byteLength(stdin)}`,
    );
  return { ...parts, fileBytes: whole.length };
}

/** At least one, which may be empty. */
function partsOf(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  return Array.from({ length: count }, (_, part) => bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
}

function checked(path: string): string {
  if (path.includes('\0') || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new AnnealError('internal.bug', `not a relative path below /work: ${JSON.stringify(path)}`);
  return path;
}
