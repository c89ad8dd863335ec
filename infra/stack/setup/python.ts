// Finds the Python that the trainer's virtual environment is made from.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Config } from '../../config.ts';
import { capture } from '../../process/capture.ts';

/** 3.11 first: the versions in the lock were measured with it. */
const CANDIDATES = ['python3.11', 'python3.12', 'python3.13', 'python3.14', 'python3', 'python'];
const MINIMUM: readonly [number, number] = [3, 11];

const PROBE = `import importlib.util as u, json, sys
print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]),
  "pip": u.find_spec("pip") is not None, "venv": u.find_spec("venv") is not None and u.find_spec("ensurepip") is not None}))`;

const probed = z.object({
  executable: z.string().min(1),
  version: z.tuple([z.int(), z.int(), z.int()]),
  pip: z.boolean(),
  venv: z.boolean(),
});

export interface Python {
  readonly executable: string;
  readonly version: string;
  /** Has its own pip (then a virtual environment can be filled even where the system split off ensurepip). */
  readonly pip: boolean;
  readonly ensurepip: boolean;
}

/**
 * The first usable interpreter: ANNEAL_PYTHON alone when it is set, else by name on PATH.
 * @throws AnnealError `stack.python_missing`, saying what was found and why it does not do
 */
export async function findPython(config: Config): Promise<Python> {
  const refused: string[] = [];
  for (const command of config.python === undefined ? CANDIDATES : [config.python]) {
    const found = await probe(command);
    if (found === undefined) continue;
    const reason = unfit(found);
    if (reason === undefined) return describe(found);
    refused.push(`${found.executable} (${found.version.join('.')}): ${reason}`);
  }
  const what =
    config.python === undefined ? 'Python 3.11 or newer with venv and pip' : `ANNEAL_PYTHON=${config.python}`;
  const why = refused.length === 0 ? 'no interpreter answers' : [...new Set(refused)].join('; ');
  throw new AnnealError(
    'stack.python_missing',
    `${what} is needed: ${why}. On Debian and Ubuntu: apt-get install python3 python3-venv python3-pip`,
  );
}

async function probe(command: string): Promise<z.infer<typeof probed> | undefined> {
  const { code, stdout } = await capture([command, '-c', PROBE], { timeoutMs: 20_000 });
  if (code !== 0) return undefined;
  try {
    return probed.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}

function unfit(found: z.infer<typeof probed>): string | undefined {
  const [major, minor] = found.version;
  if (major !== MINIMUM[0] || minor < MINIMUM[1]) return 'too old';
  return found.venv || found.pip ? undefined : 'has neither ensurepip nor pip';
}

function describe(found: z.infer<typeof probed>): Python {
  return {
    executable: found.executable,
    version: found.version.join('.'),
    pip: found.pip,
    ensurepip: found.venv,
  };
}
