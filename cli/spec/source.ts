// The source of a task set, where a file names one: which kind, and its options by its own schema.
import type { z } from 'zod';
import type { Problem } from '../../contracts/errors.ts';
import type { SourceKind } from '../../evals/construction/source.ts';
import { SOURCES, sourceNamed } from '../../evals/construction/sources.ts';
import { isSingleTurn, SINGLE_TURN_FORMATS } from '../../evals/single-turn/fit.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { quote, valueAt } from './from-zod.ts';
import type { Path } from './guide.ts';
import { didYouMean } from './suggest.ts';

export interface ReadSource {
  readonly kind?: SourceKind;
  /** As the source's schema made them. */
  readonly options?: unknown;
  readonly problems: readonly Problem[];
}

/** What is no source at all is told by the schema of the whole. */
export function readSource(document: CampaignDocument, at: Path): ReadSource {
  const given = valueAt(document.value, at);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { problems: [] };
  const { kind: name, ...own } = given as Record<string, unknown>;
  if (typeof name !== 'string') return { problems: [] };
  const kind = sourceNamed(name);
  if (kind === undefined) {
    const names = SOURCES.map((one) => one.name);
    const meant = didYouMean(name, names);
    const hint = meant === undefined ? 'docs/task-sets.md describes each source.' : `Did you mean ${meant}?`;
    return { problems: [aboutKind(document, at, `one of ${names.join(', ')}`, hint)] };
  }
  const options = kind.options.safeParse(own);
  if (options.success) return { kind, options: options.data, problems: [] };
  return { kind, problems: problemsOf(options.error.issues, document, at) };
}

/** The source of a campaign: of its formats the harness has to be able to do some; tasks of the others are dropped where the set is built. */
export function readCampaignSource(document: CampaignDocument, at: Path): ReadSource {
  const read = readSource(document, at);
  const harness = valueAt(document.value, ['harness', 'kind']);
  if (harness === 'tool-loop' || harness === 'process') return read;
  if (read.kind === undefined || read.kind.formats.some(isSingleTurn)) return read;
  const able = SOURCES.filter(({ formats }) => formats.some(isSingleTurn)).map(({ name }) => name);
  const hint = `It makes tasks of the format ${read.kind.formats.join(', ')}, which take an agent with several steps: harness.kind tool-loop or process. One reply does ${SINGLE_TURN_FORMATS.join(', ')}.`;
  return { ...read, problems: [aboutKind(document, at, `one of ${able.join(', ')}`, hint), ...read.problems] };
}

function aboutKind(document: CampaignDocument, at: Path, expected: string, hint: string): Problem {
  const path = [...at, 'kind'];
  const got = quote(valueAt(document.value, path));
  return { code: 'spec.out_of_range', path: dotted(path), line: document.locate(path).line, expected, got, hint };
}

export function problemsOf(issues: readonly z.core.$ZodIssue[], document: CampaignDocument, below: Path): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...below, ...issue.path] as (string | number)[];
    const at = (own: Path, expected: string, hint: string, code: Problem['code']): Problem => ({
      ...{ code, path: dotted(own), line: document.locate(own).line, expected },
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

/** What zod says without what every message of it begins and ends with. */
export const expectedIn = (message: string): string =>
  message.replace(/^Invalid \w+: expected /, '').replace(/, received .*$/, '');
