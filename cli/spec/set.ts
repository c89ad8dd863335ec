// Reads a task set's file, and its source's options by the source's own schema. Everything that is wrong is told at once.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { type SetSpec, setSpec } from '../../contracts/set-spec.ts';
import type { SourceKind } from '../../evals/construction/source.ts';
import { SOURCES, sourceNamed } from '../../evals/construction/sources.ts';
import type { Given } from '../../evals/contamination/scan.ts';
import { type CampaignDocument, dotted, readDocument } from './document.ts';
import { quote, valueAt } from './from-zod.ts';
import type { Path } from './guide.ts';
import { didYouMean } from './suggest.ts';

export interface ReadSet {
  readonly spec: SetSpec;
  readonly kind: SourceKind;
  /** As the source's schema made them. */
  readonly options: unknown;
  readonly known: readonly Given[];
  /** Paths in the file are relative to it. */
  readonly folder: string;
}

/** @throws AnnealError `spec.missing_file`, `spec.invalid` with `problems` by line */
export async function readSet(path: string): Promise<ReadSet> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `The task set's file ${path} cannot be read: ${reason(cause)}.`, {
      cause,
    });
  });
  const document = readDocument(text);
  const folder = dirname(resolve(path));
  const parsed = setSpec.safeParse(document.value);
  const source = sourceOf(document);
  const known = parsed.success ? await knownTexts(parsed.data, folder, document) : { texts: [], problems: [] };
  const problems = [
    ...document.problems,
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, document, [])),
    ...source.problems,
    ...known.problems,
  ];
  if (!parsed.success || source.kind === undefined || problems.length > 0) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new AnnealError('spec.invalid', `${path} has ${count}.`, { problems: sorted });
  }
  return { spec: parsed.data, kind: source.kind, options: source.options, known: known.texts, folder };
}

function sourceOf(document: CampaignDocument): { kind?: SourceKind; options?: unknown; problems: Problem[] } {
  const given = valueAt(document.value, ['source']);
  // What is no source at all is told by the schema of the whole.
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { problems: [] };
  const { kind: name, ...own } = given as Record<string, unknown>;
  if (typeof name !== 'string') return { problems: [] };
  const kind = sourceNamed(name);
  const names = SOURCES.map((one) => one.name);
  if (kind === undefined) {
    const meant = didYouMean(name, names);
    return {
      problems: [
        {
          ...{ code: 'spec.out_of_range' as const, path: 'source.kind', line: lineOf(document, ['source', 'kind']) },
          ...{ expected: `one of ${names.join(', ')}`, got: quote(name) },
          hint: meant === undefined ? 'docs/task-sets.md describes each source.' : `Did you mean ${meant}?`,
        },
      ],
    };
  }
  const options = kind.options.safeParse(own);
  if (options.success) return { kind, options: options.data, problems: [] };
  return { problems: problemsOf(options.error.issues, document, ['source']) };
}

function problemsOf(issues: readonly z.core.$ZodIssue[], document: CampaignDocument, below: Path): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...below, ...issue.path] as (string | number)[];
    const at = (own: Path, expected: string, hint: string, code: Problem['code']): Problem => ({
      ...{ code, path: dotted(own), line: lineOf(document, own), expected },
      ...{ got: quote(valueAt(document.value, own)), hint },
    });
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        at([...path, key], 'no field of this name', 'Remove it, or correct its name.', 'spec.unknown_field'),
      );
    const missing = valueAt(document.value, path) === undefined;
    if (missing) return [at(path, expectedIn(issue.message), 'Add the field.', 'spec.missing_field')];
    return [
      at(
        path,
        expectedIn(issue.message),
        'Correct the value.',
        issue.code === 'invalid_type' ? 'spec.wrong_type' : 'spec.out_of_range',
      ),
    ];
  });
}

async function knownTexts(
  spec: SetSpec,
  folder: string,
  document: CampaignDocument,
): Promise<{ texts: Given[]; problems: Problem[] }> {
  const texts: Given[] = [];
  const problems: Problem[] = [];
  for (const [index, { kind, file }] of spec.known.entries()) {
    try {
      texts.push({ kind, name: file, text: await readFile(resolve(folder, file), 'utf8') });
    } catch (failure) {
      const path = ['known', index, 'file'];
      problems.push({
        ...{ code: 'spec.missing_file', path: dotted(path), line: lineOf(document, path) },
        ...{ expected: 'a file that can be read, relative to this one', got: `${file}: ${reason(failure)}` },
        hint: `Looked for ${resolve(folder, file)}.`,
      });
    }
  }
  return { texts, problems };
}

/** What zod says without what every message of it begins and ends with. */
export const expectedIn = (message: string): string =>
  message.replace(/^Invalid \w+: expected /, '').replace(/, received .*$/, '');

const lineOf = (document: CampaignDocument, path: Path): number => document.locate(path).line;

const reason = (failure: unknown): string =>
  failure instanceof Error && 'code' in failure && failure.code === 'ENOENT'
    ? 'no such file'
    : failure instanceof Error
      ? failure.message
      : String(failure);
