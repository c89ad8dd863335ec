// pytest as the patch verifier takes it: one zip of the installed packages, sources with their compiled forms, so that no test pays for
// compiling them.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Artifact } from '../../evals/verifiers/artifact.ts';
import { trainerPython } from './trainer-python.ts';

const PACK = `
import importlib.util, os, py_compile, sys, zipfile
spare = os.path.join(os.path.dirname(sys.argv[1]), "compiled")
with zipfile.ZipFile(sys.argv[1], "w") as out:
    def put(path, inside):
        out.write(path, inside)
        py_compile.compile(path, spare, inside, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        out.write(spare, inside + "c")
    put(importlib.util.find_spec("py").origin, "py.py")
    for name in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        [folder] = importlib.util.find_spec(name).submodule_search_locations
        for top, _, names in os.walk(folder):
            for file in sorted(names):
                # Of the highlighter's hundreds of languages only those that pytest names.
                unused = top.endswith("lexers") and file not in ("__init__.py", "_mapping.py", "python.py", "diff.py")
                path = os.path.join(top, file)
                if file.endswith(".py") and not unused: put(path, os.path.join(name, os.path.relpath(path, folder)))
`;

/** For `Instruments.tools`, under the name `pytest`. */
export async function pytestTool(): Promise<Artifact> {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-pytest-'));
  try {
    const path = join(folder, 'pytest.zip');
    await promisify(execFile)(await trainerPython(), ['-c', PACK, path]);
    return new Map([['pytest.zip', readFileSync(path)]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
