// answer@3: an answer that no list can hold, with the quotes that it rests on. Everything that a rule can say is said first, as in answer@2;
// what is left of it, a rubric asks a model.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { sha256 } from '../../../contracts/ids.ts';
import { rubric } from '../../../contracts/judge.ts';
import { held, refused } from '../gates.ts';
import { judgeByRubric, plain } from '../rubric/rubric.ts';
import { defineVerifier } from '../verifier.ts';
import { evidenceFound, passages } from './answer.ts';
import { acceptedForm } from './forms.ts';

export const openAnswerCheck = z.strictObject({
  file: relativePath.default('answer.json'),
  /** Where any of these is given, the answer must be one of them, and the rubric is asked beyond that. */
  accepted: z.array(acceptedForm).default([]),
  documents: z.record(relativePath, sha256),
  required: passages,
  mostQuotes: z.int().positive().default(8),
  mostCharacters: z.int().positive().default(600),
  rubric,
});
export type OpenAnswerCheck = z.infer<typeof openAnswerCheck>;

/** No answer is it, whatever a judge would say: the rules come first. */
const NOBODY = 'an answer that nobody can give';

export const openAnswer = defineVerifier<OpenAnswerCheck>({
  ref: { name: 'answer', version: 3 },
  format: 'answer',
  check: openAnswerCheck,
  asks: plain,
  async judge({ check, artifact, given, instruments }) {
    const found = evidenceFound(check, artifact, given);
    if ('refused' in found) return refused(found.refused);
    const { answer, evidence, gates, quoted } = found;
    if (quoted.score < 1) return refused([...gates, { name: 'evidence', passed: false, why: quoted.why }]);
    const text = [String(answer), ...evidence.map(({ source, quote }) => `${source}: “${quote}”`)].join('\n\n');
    const judged = await judgeByRubric(text, check.rubric, instruments.judge);
    return {
      gates: [...gates, held('evidence', quoted.why)],
      components: judged.components,
      runs: [],
      seen: { judge: { ...judged.seen } },
    };
  },
  impossible: (check) => ({ ...check, accepted: [{ kind: 'exact', text: NOBODY }] }),
});
