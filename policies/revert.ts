// Whether a change that landed is taken back, by what the next step came to. Pure.
import type { ChangeId, CheckedChange } from '../contracts/change.ts';
import type { Diagnosis } from '../contracts/diagnosis.ts';

/** What landed, by records. */
export interface LandedChange {
  readonly change: ChangeId;
  /** It takes another one back itself. */
  readonly isRevert: boolean;
  /** Those of its commit, and those that it renamed. */
  readonly paths: readonly string[];
  /** What it was to mend. */
  readonly mended: Pick<Diagnosis, 'cause'> & { readonly evidence: readonly { readonly text: string }[] };
}

/** The step after: the training that ran with it failed, or what that made was measured. */
export type NextStep =
  | {
      readonly what: 'training';
      readonly diagnosis: Pick<Diagnosis, 'cause'> & { readonly evidence: readonly { readonly text: string }[] };
      /** Lines that stand before the first fault: of what was running then. */
      readonly before: readonly string[];
      /** All of its logs were written by jobs of this installation: words of others take nothing back. */
      readonly own: boolean;
    }
  /** `regressed`: beyond what the campaign's promotion rule allows. */
  | { readonly what: 'evaluation'; readonly regressed: boolean; readonly why: string };

export type RevertRuling = { readonly how: 'revert' | 'keep'; readonly why: string };

export function judgeRevert(landed: LandedChange, next: NextStep): RevertRuling {
  const keep = (why: string): RevertRuling => ({ how: 'keep', why });
  if (landed.isRevert) return keep('what takes a change back is not taken back itself');
  if (next.what === 'evaluation')
    return next.regressed
      ? { how: 'revert', why: `the next evaluation regressed: ${next.why}` }
      : keep('the next evaluation did not regress');
  const { diagnosis, own, before } = next;
  const lines = [...before.filter(isFrame), ...diagnosis.evidence.map(({ text }) => text)];
  if (!own) return keep('its logs were not all written by jobs of this installation');
  if (diagnosis.cause === 'healthy' || diagnosis.cause === 'undetermined')
    return keep(`nothing in the logs says that the change did it: ${diagnosis.cause}`);
  if (isSameFault(landed.mended, diagnosis)) return keep('it fails as it did before the change');
  const named = landed.paths.filter((path) => lines.some((line) => names(line, path)));
  if (named.length === 0) return keep('it names no file that the change touches');
  return {
    how: 'revert',
    why: `the next training failed (${diagnosis.cause}) in what the change touches: ${some(named)}`,
  };
}

/**
 * What speaks against a revert on the branch as it is; undefined: nothing. Tests that came with the change, or passed by it, may go again.
 * @param paths of the revert, @param gained what the change's own tests said of it
 */
export function againstRevert(
  { broken, failing }: Pick<CheckedChange, 'broken' | 'failing'>,
  paths: readonly string[],
  gained: readonly string[],
): string | undefined {
  const known = new Set(gained);
  const isOurs = (id: string): boolean => known.has(id) || paths.some((path) => isOf(id, path));
  const others = [...broken, ...failing].filter((id) => !isOurs(id));
  return others.length === 0 ? undefined : `taking it back breaks ${some(others)}`;
}

/** An id is the path of its file, two colons, and the test's own name. */
const isOf = (id: string, path: string): boolean => id === path || id.startsWith(`${path}::`);

/** A line names a path of the repository: whole, or behind the folders that it lay in where it ran. */
export function names(text: string, path: string): boolean {
  for (let at = text.indexOf(path); at !== -1; at = text.indexOf(path, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text.slice(at + path.length, at + path.length + 2)];
    // `a/scale.py` is not `b/a/scale.py.bak`, nor `data/scale.py`.
    if (/[\s"'`(,:=/[]/.test(before) && !/^[\w/-]/.test(after) && !/^\.\w/.test(after)) return true;
  }
  return false;
}

/** As Python and others write where a program was: other words before a fault are anybody's. */
const isFrame = (line: string): boolean => /^\s*(File "|at )/.test(line);

/** The same cause, told in the same words, whatever lines and numbers they bear. */
function isSameFault(one: LandedChange['mended'], other: LandedChange['mended']): boolean {
  if (one.cause !== other.cause) return false;
  const words = ({ evidence }: LandedChange['mended']): string =>
    evidence.map(({ text }) => text.replace(/0x[0-9a-f]+|\d+/gi, '0').trim()).join('\n');
  return words(one) === words(other);
}

const some = (all: readonly string[]): string =>
  all.length <= 3 ? all.join('; ') : `${all.slice(0, 3).join('; ')} and ${all.length - 3} more`;
