// A patch from its text to the repository that it makes: the gates before anything runs, a function of their input alone.
import type { GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, alsoFolders } from '../artifact.ts';
import { broken, fileText, held, refused } from '../gates.ts';
import type { Found } from '../verifier.ts';
import { applyChanges } from './apply.ts';
import { PATCH_FILE } from './check.ts';
import { PatchProblem, parseDiff } from './diff.ts';
import { forbidden } from './paths.ts';

/** Of the task's check. */
interface Bounds {
  readonly guarded: readonly string[];
  readonly allowed: readonly string[];
  /** By path. */
  readonly tests: Readonly<Record<string, string>>;
}

interface Applied {
  readonly repository: Artifact;
  /** Every path that the patch names. */
  readonly changed: readonly string[];
  readonly gates: readonly GateResult[];
}

/** The gates before anything runs. */
export function readPatch(
  { guarded, allowed, tests }: Bounds,
  artifact: Artifact,
  given: Artifact,
): Applied | { readonly found: Found } {
  const file = fileText(artifact, PATCH_FILE);
  if ('why' in file) return { found: refused([broken('readable', file.why)]) };
  const gates = [held('readable', `${PATCH_FILE} is text`)];
  try {
    const changes = parseDiff(file.text);
    const changed = [...new Set(changes.flatMap(({ from, to }) => [from, to]).filter((path) => path !== undefined))];
    for (const path of changed) {
      const why = forbidden(path, guarded, allowed);
      if (why !== undefined) return { found: refused([...gates, broken('allowed paths', `${path} ${why}`)]) };
    }
    gates.push(held('allowed paths', `${changed.length} paths`));
    if (changes.length === 0) return { found: refused([...gates, broken('applies', 'the patch changes nothing')]) };
    const repository = applyChanges(given, changes);
    // The tests are put back over it: a patch that leaves no place for them would have its sample masked.
    const [clash] = alsoFolders([...repository.keys(), ...Object.keys(tests)]);
    if (clash !== undefined) throw new PatchProblem(`${clash} is a file and a folder beside the tests`);
    return { repository, changed, gates: [...gates, held('applies', `${changes.length} files changed`)] };
  } catch (problem) {
    if (!(problem instanceof PatchProblem)) throw problem;
    return { found: refused([...gates, broken('applies', problem.message)]) };
  }
}
