// Reads a task set's file, and its source's options by the source's own schema. Everything that is wrong is told at once.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { type SetSpec, setSpec } from '../../contracts/set-spec.ts';
import { isWholeRange, MEASURED_BY } from '../../evals/construction/sieve.ts';
import type { SourceKind } from '../../evals/construction/source.ts';
import type { Given } from '../../evals/contamination/scan.ts';
import { type CampaignDocument, dotted, readDocument } from './document.ts';
import type { Path } from './guide.ts';
import { type JudgedBy, readSetJudge } from './judge.ts';
import { problemsOf, readSource } from './source.ts';

export interface ReadSet {
  readonly spec: SetSpec;
  readonly kind: SourceKind;
  /** As the source's schema made them. */
  readonly options: unknown;
  readonly known: readonly Given[];
  /** What its judge is calibrated with; undefined where it names none. */
  readonly judged: JudgedBy | undefined;
  /** Paths in the file are relative to it. */
  readonly folder: string;
}

/**
 * @param measured whether the tasks' pass rates are known; without them a difficulty cannot be kept
 * @throws AnnealError `spec.missing_file`, `spec.invalid` with `problems` by line
 */
export async function readSet(path: string, { measured = true } = {}): Promise<ReadSet> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `The task set's file ${path} cannot be read: ${reason(cause)}.`, {
      cause,
    });
  });
  const document = readDocument(text);
  const folder = dirname(resolve(path));
  const parsed = setSpec.safeParse(document.value);
  const source = readSource(document, ['source']);
  const known = parsed.success ? await knownTexts(parsed.data, folder, document) : { texts: [], problems: [] };
  const judge =
    parsed.success && source.kind !== undefined
      ? await readSetJudge(parsed.data.judge, source.kind, document, folder)
      : { problems: [] };
  const problems = [
    ...document.problems,
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, document, [])),
    ...source.problems,
    ...known.problems,
    ...judge.problems,
    ...(parsed.success && !measured ? unmeasuredRange(parsed.data, document) : []),
  ];
  if (!parsed.success || source.kind === undefined || problems.length > 0) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new AnnealError('spec.invalid', `${path} has ${count}.`, { problems: sorted });
  }
  return {
    spec: parsed.data,
    kind: source.kind,
    options: source.options,
    known: known.texts,
    judged: judge.judged,
    folder,
  };
}

function unmeasuredRange(spec: SetSpec, document: CampaignDocument): Problem[] {
  if (isWholeRange(spec)) return [];
  const { min, max } = spec.difficulty;
  const line = lineOf(document, ['difficulty']);
  return [{ code: 'spec.out_of_range', path: 'difficulty', line, got: `${min} to ${max}`, ...MEASURED_BY }];
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

const lineOf = (document: CampaignDocument, path: Path): number => document.locate(path).line;

const reason = (failure: unknown): string =>
  failure instanceof Error && 'code' in failure && failure.code === 'ENOENT'
    ? 'no such file'
    : failure instanceof Error
      ? failure.message
      : String(failure);
