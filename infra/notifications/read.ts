// The on-call file of an installation.
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { AnnealError } from '../../contracts/errors.ts';
import { type OnCallSpec, onCallSpec } from '../../contracts/on-call.ts';

/** @throws AnnealError `spec.missing_file`, `spec.syntax`; `on_call.invalid` with every problem at once */
export async function readOnCall(path: string): Promise<OnCallSpec> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`, { cause });
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) throw new AnnealError('spec.syntax', `${path}: ${mistake.message}`);
  const parsed = onCallSpec.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => ({
    ...({
      code: 'on_call.invalid',
      path: at.join('.'),
      expected: message,
      hint: 'docs/on-call.md describes the file.',
    } as const),
  }));
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new AnnealError('on_call.invalid', `${path} has ${count}`, { problems });
}
