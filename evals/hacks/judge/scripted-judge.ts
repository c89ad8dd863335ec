// Judges, scripted: they read a question as a model would, from its text alone.
import type { JudgeModel, JudgeQuestion } from '../../../contracts/judge-model.ts';
import type { JudgeInstrument } from '../../verifiers/rubric/judging.ts';

export interface ReadQuestion {
  readonly criteria: readonly { readonly name: string; readonly asks: string }[];
  readonly text: string;
}

export function readQuestion({ user }: JudgeQuestion): ReadQuestion {
  const start = user.indexOf('\n\nARTIFACT\n');
  const list = user.slice(user.indexOf('CRITERIA\n') + 9, start).split('\n');
  const criteria = list.map((line) => {
    const at = line.indexOf(': ');
    return { name: line.slice(2, at), asks: line.slice(at + 2) };
  });
  return { criteria, text: JSON.parse(user.slice(start + 11)) as string };
}

/** What an honest judge says of a criterion, where `good` are the texts that deserve a yes on what is not literal. */
export function honestly(asks: string, text: string, good: (text: string) => boolean): boolean {
  const word = /“([^”]*)”/.exec(asks)?.[1];
  const named = word !== undefined && text.includes(word);
  if (asks.endsWith('at least one character in it?')) return text !== '';
  if (asks.includes('Met only if')) return named && good(text);
  if (asks.includes('Met in any case')) return named || good(text);
  return word === undefined ? good(text) : named;
}

export const verdictsOf = ({ criteria }: ReadQuestion, met: (asks: string) => boolean): string =>
  JSON.stringify({ verdicts: criteria.map(({ name, asks }) => ({ criterion: name, met: met(asks), because: 'why' })) });

export function scriptedJudge(
  setup: string,
  says: (question: ReadQuestion, asked: JudgeQuestion) => string,
): JudgeInstrument {
  const model: JudgeModel = {
    ...{ model: 'scripted-1', family: 'scripted' },
    answer: async (question) => says(readQuestion(question), question),
  };
  return {
    model,
    policy: { model: 'learner-135m', family: 'learner' },
    calibrations: [
      {
        judge: { model: 'scripted-1', family: 'scripted', setup },
        right: { accepted: 28, of: 30 },
        wrong: { rejected: 29, of: 30 },
        nulls: [{ name: 'nothing', accepted: false }],
      },
    ],
  };
}
