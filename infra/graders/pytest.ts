// pytest as graders take it: one zip of the packages that a Python has installed, sources with their compiled forms, so that no test pays
// for compiling them. The sandbox's own Python need not have it.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTemporaryFolder } from '../process/work-folder.ts';

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

/**
 * For a verifier's `tools`, under the name `pytest`.
 * @param python one that has pytest
 * @returns undefined where it has none, or where there is no such Python
 */
export async function packedPytest(python: string): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const folder = await makeTemporaryFolder('pytest');
  try {
    const path = join(folder, 'pytest.zip');
    await promisify(execFile)(python, ['-c', PACK, path]);
    return new Map([['pytest.zip', await readFile(path)]]);
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}
