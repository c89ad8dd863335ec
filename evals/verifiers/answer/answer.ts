// answer@2: an answer with the quotes that it rests on. The documents are those that the policy was given, by content; what an answer says
// about them is looked up there and nowhere else.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { sha256 } from '../../../contracts/ids.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, textOf } from '../artifact.ts';
import { broken, fileText, held, refused, sha256Of, shown } from '../gates.ts';
import { parseJson } from '../structured-data/json.ts';
import { type ArtifactVerifier, defineVerifier } from '../verifier.ts';
import { type AcceptedForm, acceptedForm, answerValue, flippedForm, isAccepted } from './forms.ts';
import { isNear, quotesTooMuch } from './how-much.ts';
import { linesOf, type SearchableDocument, searchable, squeezed } from './quotes.ts';

export const passages = z.array(z.strictObject({ source: relativePath, text: z.string().min(1) })).min(1);

export const answerCheck = z.strictObject({
  file: relativePath.default('answer.json'),
  accepted: z.array(acceptedForm).min(1),
  /** Of the documents that may be quoted, by path among the given files. */
  documents: z.record(relativePath, sha256),
  /** What has to be quoted: each lies within one quote from its document, which is not much longer. */
  required: passages,
  mostQuotes: z.int().positive().default(8),
  /** Of one quote: who quotes everything has found nothing. */
  mostCharacters: z.int().positive().default(600),
});
export type AnswerCheck = z.infer<typeof answerCheck>;

const form = ({ mostQuotes, mostCharacters }: Pick<AnswerCheck, 'mostQuotes' | 'mostCharacters'>) =>
  z.strictObject({
    answer: answerValue,
    evidence: z
      .array(
        z.strictObject({
          source: z.string(),
          quote: z.string().min(1).max(mostCharacters),
          /** The line, from 1, on which the quote begins; null, or left out, where it is not known. */
          at: z.int().positive().nullable().default(null),
        }),
      )
      .max(mostQuotes),
  });
type Quote = z.infer<ReturnType<typeof form>>['evidence'][number];

interface EvidenceFound {
  readonly answer: z.infer<typeof answerValue>;
  readonly evidence: readonly Quote[];
  /** All that hold. */
  readonly gates: readonly GateResult[];
  /** The share of the required passages that are quoted. */
  readonly quoted: { readonly score: number; readonly why: string };
}

type Rules = Omit<AnswerCheck, 'accepted'> & { readonly accepted: readonly AcceptedForm[] };

/**
 * What rules find in an answer: its form, its quotes, whether it is an accepted one (where any are named), and what it quotes of what it
 * had to.
 * @throws AnnealError `verifier.failed` when the documents at hand are not those that the task was made with
 */
export function evidenceFound(
  check: Rules,
  artifact: Artifact,
  given: Artifact,
  /** Takes any number of quotes of one document. */
  lenient = false,
): EvidenceFound | { readonly refused: readonly GateResult[] } {
  const documents = documentsOf(check, given);
  const read = fileText(artifact, check.file);
  const parsed = 'why' in read ? read : parseJson(read.text);
  if ('why' in parsed) return { refused: [broken('form', `${check.file}: ${parsed.why}`)] };
  const formed = form(check).safeParse(parsed.value);
  if (!formed.success) {
    const why = formed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    return { refused: [broken('form', shown(why, 500))] };
  }
  const { answer: said, evidence } = formed.data;
  const gates: GateResult[] = [held('form', 'an answer with its evidence')];
  const stray = evidence.find(({ source, quote }) => placesOf(documents, source, quote).length === 0);
  if (stray !== undefined) {
    const why = `does not stand in ${shown(stray.source, 80)}: ${shown(stray.quote, 200)}`;
    return { refused: [...gates, broken('quotes', why)] };
  }
  const far = lenient ? undefined : quotesTooMuch(documents, evidence, check.required);
  if (far !== undefined) return { refused: [...gates, broken('quotes', far)] };
  gates.push(held('quotes', `${evidence.length} quotes stand where they are said to`));
  if (check.accepted.length > 0) {
    if (!check.accepted.some((one) => isAccepted(said, one)))
      return { refused: [...gates, broken('answer', `${shown(JSON.stringify(said), 200)} is not it`)] };
    gates.push(held('answer', 'is accepted'));
  }
  const near = lenient ? evidence : evidence.filter((quote) => isNear(quote, check.required));
  const missing = check.required.filter((one) => !near.some((quote) => covers(documents, quote, one)));
  const score = 1 - missing.length / check.required.length;
  const lost = missing[0] === undefined ? '' : shown(missing[0].text, 200);
  const within = missing[0] !== undefined && evidence.some((quote) => covers(documents, quote, missing[0]!));
  const how = within ? 'only within a quote that is much longer' : 'not quoted';
  const why = missing.length === 0 ? 'what has to be quoted is' : `${how}: ${lost}`;
  return { answer: said, evidence, gates, quoted: { score, why } };
}

const judge =
  (version: 1 | 2): ArtifactVerifier<AnswerCheck>['judge'] =>
  async ({ check, artifact, given }) => {
    const found = evidenceFound(check, artifact, given, version === 1);
    if ('refused' in found) return refused(found.refused);
    const { gates, quoted } = found;
    return {
      gates,
      components: [{ name: 'evidence', kind: 'outcome', weight: 1, ...quoted }],
      ...{ runs: [], seen: null },
    };
  };

const answerOf = (version: 1 | 2) =>
  defineVerifier<AnswerCheck>({
    ref: { name: 'answer', version },
    format: 'answer',
    check: answerCheck,
    judge: judge(version),
    impossible: (check) => ({ ...check, accepted: check.accepted.map(flippedForm) }),
  });

/** Takes any number of quotes that are short enough one by one. */
export const answerOne = answerOf(1);
export const answer = answerOf(2);

type Documents = ReadonlyMap<string, SearchableDocument>;

/** @throws AnnealError `verifier.failed` when the documents at hand are not those that the task was made with */
function documentsOf({ documents, required }: Pick<AnswerCheck, 'documents' | 'required'>, given: Artifact): Documents {
  const found = new Map<string, SearchableDocument>();
  for (const [path, hash] of Object.entries(documents)) {
    const bytes = given.get(path);
    const text = bytes === undefined || sha256Of(bytes) !== hash ? undefined : textOf(bytes);
    if (text === undefined) throw new AnnealError('verifier.failed', `the document ${path} is not the one of the task`);
    found.set(path, searchable(text));
  }
  const lost = required.find(({ source, text }) => placesOf(found, source, text).length === 0);
  if (lost !== undefined)
    throw new AnnealError('verifier.failed', `what has to be quoted does not stand in ${lost.source}: ${lost.text}`);
  return found;
}

function placesOf(documents: Documents, source: string, quote: string): number[] {
  const document = documents.get(source);
  return document === undefined ? [] : linesOf(quote, document);
}

/** A quote that is said to begin on a line where it does not is no evidence. */
function covers(
  documents: Documents,
  { source, quote, at }: Quote,
  required: AnswerCheck['required'][number],
): boolean {
  if (source !== required.source || !squeezed(quote).includes(squeezed(required.text))) return false;
  return at === null || placesOf(documents, source, quote).includes(at);
}
