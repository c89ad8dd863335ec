// The file that names the places, and the places that it names.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import {
  type AuditHeadsSpec,
  auditHeadsSpec,
  type HeadPlace,
  type HeadPlaceSpec,
} from '../../../contracts/audit-heads.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { fileOfHeads } from './file.ts';
import { branchOfHeads } from './git.ts';
import { serverOfHeads } from './https.ts';

/** @param folder of the home, for what git fetches @throws AnnealError as `readAuditHeads` */
export async function openPlaces(file: string | undefined, folder: string): Promise<readonly HeadPlace[]> {
  return file === undefined ? [] : placesOf(await readAuditHeads(file), folder);
}

export const placesOf = ({ places }: AuditHeadsSpec, folder: string): HeadPlace[] =>
  places.map((place) => placeOf(place, folder));

function placeOf(place: HeadPlaceSpec, folder: string): HeadPlace {
  switch (place.kind) {
    case 'file':
      return fileOfHeads(place.path);
    case 'https':
      return serverOfHeads(place);
    case 'git':
      return branchOfHeads(place, join(folder, `heads-${short(`${place.repository} ${place.branch}`)}.git`));
  }
}

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** @throws AnnealError `spec.missing_file`, `spec.syntax`; `audit.heads_invalid` with every problem at once */
export async function readAuditHeads(path: string): Promise<AuditHeadsSpec> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`, { cause });
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) throw new AnnealError('spec.syntax', `${path}: ${mistake.message}`);
  const parsed = auditHeadsSpec.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => ({
    ...({ code: 'audit.heads_invalid', path: at.join('.'), expected: message } as const),
    hint: 'docs/approvals.md describes the file.',
  }));
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new AnnealError('audit.heads_invalid', `${path} has ${count}`, { problems });
}
