// Reads critical.yaml of this installation.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { AnnealError } from '../contracts/errors.ts';
import { type Critical, parseCriticalList } from '../policies/critical.ts';

/**
 * The gates that need a human, and who may not answer them. There is no default: an installation without its list does not start.
 * @throws AnnealError `spec.missing_file`, `spec.syntax`, `spec.invalid`
 */
export async function readCritical(repo: string): Promise<Critical> {
  const path = join(repo, 'critical.yaml');
  const text = await readFile(path, 'utf8').catch((failure: unknown) => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`, { cause: failure });
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) throw new AnnealError('spec.syntax', `${path}: ${mistake.message}`);
  return parseCriticalList(document.toJS());
}
