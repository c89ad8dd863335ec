// Finding the real Python: a name on PATH may be a shim or sit in a virtual environment, and neither works inside the sandbox.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';

const run = promisify(execFile);

const found = z.object({
  executable: z.string(),
  base: z.string(),
  libraries: z.array(z.string()),
  version: z.string(),
  minor: z.int(),
});

export interface PythonInstallation {
  /** The interpreter itself: no shim, no symbolic link, no virtual environment. */
  readonly executable: string;
  /** Folders outside /usr that it needs, shown read-only at the same place inside (its RPATH may name them). */
  readonly binds: readonly string[];
  /** For example `3.11.2`. */
  readonly version: string;
}

const PROBE = `
import json, os, sys, sysconfig
real = os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable)
folders = [sysconfig.get_path('stdlib'), sysconfig.get_path('platstdlib'), sysconfig.get_config_var('LIBDIR') or '']
print(json.dumps({'executable': real, 'base': os.path.realpath(sys.base_prefix),
  'libraries': sorted({os.path.realpath(f) for f in folders if f and os.path.isdir(f)}),
  'version': '.'.join(map(str, sys.version_info[:3])), 'minor': sys.version_info[1] if sys.version_info[0] == 3 else 0}))
`;

/** Tried in order when no path is given; the system's own comes first because an ordinary user may read it. */
export const DEFAULT_PYTHONS = ['/usr/bin/python3', '/usr/local/bin/python3', 'python3'] as const;

/** Resolves one interpreter. @throws AnnealError `stack.python_missing` when it does not run or is older than 3.11 */
export async function resolvePython(path: string): Promise<PythonInstallation> {
  let answer: z.infer<typeof found>;
  try {
    // -I: neither the working directory nor PYTHON* variables nor user packages have a say in what is resolved.
    const { stdout } = await run(path, ['-I', '-S', '-c', PROBE], { timeout: 10_000 });
    answer = found.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new AnnealError('stack.python_missing', `${path} does not run as a Python interpreter`, { cause });
  }
  if (answer.minor < 11)
    throw new AnnealError('stack.python_missing', `${path} is Python ${answer.version}; 3.11 or newer is needed`);
  const outside = [answer.executable, ...answer.libraries].filter((item) => !item.startsWith('/usr/'));
  return { executable: answer.executable, binds: withoutNested(outside), version: answer.version };
}

/** Drops paths that lie below another one of the list. */
function withoutNested(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)].sort();
  return unique.filter((path) => !unique.some((other) => other !== path && path.startsWith(`${other}/`)));
}
