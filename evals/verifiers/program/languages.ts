// How each language is run in the sandbox. A further one is a row here; function cases also need a harness in ask.ts.
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox, SandboxLimits } from '../../../contracts/ports.ts';
import type { LanguageName } from './check.ts';

interface Language {
  /** Runs a file. A candidate's own files may import each other; user packages, site hooks and byte code are left out. */
  program(path: string): readonly [string, ...string[]];
  readonly limits: Pick<SandboxLimits, 'memoryBytes' | 'processes'>;
  /** Prints `ready` and nothing else. */
  readonly trial: string;
}

/**
 * Python without its `site` has no `exit` and `quit`, which programs call; with it, what else is installed on a machine would have a
 * say. Nothing of this is left among the program's own names.
 */
const START = `def start():
    import builtins, sys
    from _sitebuiltins import Quitter
    for name in ('exit', 'quit'):
        setattr(builtins, name, Quitter(name, 'Ctrl-D (i.e. EOF)'))
    path, space = sys.argv[1], sys.modules['__main__'].__dict__
    del sys.argv[0], space['start']
    sys.path[0] = path.rpartition('/')[0]
    space['__file__'] = path
    with open(path, 'rb') as file:
        code = compile(file.read(), path, 'exec', dont_inherit=True)
    exec(code, space)
start()
`;

export const LANGUAGE_TABLE: Readonly<Record<LanguageName, Language>> = {
  python: {
    program: (path) => ['python3', '-s', '-S', '-B', '-c', START, path],
    // Of address space: 256 MiB, and room for a thread with a stack of as much, which programs that recurse ask for and hardly touch.
    limits: { memoryBytes: 640 * 2 ** 20, processes: 16 },
    trial: 'print("ready")',
  },
  javascript: {
    // V8 reserves address space that it never touches, so the bound on it must be far above the heap's own.
    program: (path) => ['node', '--max-old-space-size=192', path],
    limits: { memoryBytes: 4 * 2 ** 30, processes: 32 },
    trial: 'console.log("ready")',
  },
};

const tried = new WeakMap<Sandbox, Map<LanguageName, Promise<void>>>();

/**
 * Once a sandbox and language: without its interpreter every candidate would look wrong.
 * @throws AnnealError `sandbox.unavailable` when the sandbox cannot run the language
 */
export function requireLanguage(sandbox: Sandbox, name: LanguageName): Promise<void> {
  const known = tried.get(sandbox) ?? new Map<LanguageName, Promise<void>>();
  tried.set(sandbox, known);
  const trial = known.get(name) ?? tryOut(sandbox, name);
  known.set(name, trial);
  // What failed is tried again: the machine may have been short of something.
  trial.catch(() => known.delete(name));
  return trial;
}

async function tryOut(sandbox: Sandbox, name: LanguageName): Promise<void> {
  const { program, limits, trial } = LANGUAGE_TABLE[name];
  const result = await sandbox.run({
    argv: program('/work/trial'),
    files: { trial },
    stdin: '',
    limits: { ...limits, wallMs: 30_000, diskBytes: 0, outputBytes: 8_192 },
  });
  if (result.how === 'exited' && result.exitCode === 0 && result.stdout === 'ready\n') return;
  const why = result.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  throw new AnnealError('sandbox.unavailable', `the sandbox cannot run ${name} (${result.how}): ${why}`);
}
