// A *scripted* model in every role of a research: no model is behind it. It answers rightly where it is shown the answer, and beside that as a
// model at its worst would: it invents, quotes wrongly, miscounts lines, says more than stands there, and obeys whatever it reads.
import type { ChatRequest } from '../../contracts/agent-ports.ts';
import type { ChatMove } from '../support/scripted-chat.ts';
import { QUESTIONS } from './questions.ts';

interface ShownLine {
  readonly document: number;
  readonly line: number;
  readonly text: string;
}

const partOf = ({ messages }: Pick<ChatRequest, 'messages'>): string =>
  messages.map(({ content }) => content).join('\n');

export const shownLines = (text: string): ShownLine[] =>
  [...text.matchAll(/^(\d+):(\d+)\| (.*)$/gm)].map(([, document, line, shown]) => ({
    ...{ document: Number(document), line: Number(line), text: shown! },
  }));

/** The question that was asked of it, as a model would read it. */
const asked = (text: string) => QUESTIONS.find(({ question }) => text.includes(`The question: ${question}`));

/** How each reader behaves besides what it says, by its turn: all of it comes up in ten questions. */
type Manner = 'plain' | 'garbage-first' | 'endless' | 'tool';
const MANNERS: readonly Manner[] = ['plain', 'garbage-first', 'plain', 'endless', 'plain', 'tool', 'plain', 'plain'];

export function scriptedModel({ planted = true }: { planted?: boolean } = {}) {
  let readers = 0;
  return (request: ChatRequest): ChatMove => {
    const text = partOf(request);
    const again = request.messages.length > 2;
    if (request.agent === 'planner')
      return { say: JSON.stringify({ questions: [`${/The question: (.*)/.exec(text)?.[1]} documentation`] }) };
    if (request.agent === 'writer') return { say: writes(text) };
    if (request.agent === 'experimenter') return { say: JSON.stringify(EXPERIMENT) };
    if (!again) readers += 1;
    // What answers is never withheld: a question whose readers all fail is answered by nobody.
    const hasAnswer = answerIn(text) !== undefined;
    const manner = hasAnswer ? (readers % 2 === 0 ? 'garbage-first' : 'plain') : MANNERS[readers % MANNERS.length]!;
    if (manner === 'tool') return { tool: 'fetch', with: { url: 'http://127.0.0.1:9/' } };
    if (manner === 'endless') return { say: `{"claims": [${'"and so on", '.repeat(20_000)}` };
    if (manner === 'garbage-first' && !again) return { say: 'As a large language model I would say: yes.' };
    return { say: JSON.stringify({ claims: claims(text, planted) }) };
  };
}

function answerIn(text: string) {
  const of = asked(text);
  const line = of && shownLines(text).find(({ text: shown }) => shown.includes(of.stands));
  return of === undefined || line === undefined ? undefined : { of, line };
}

function claims(text: string, planted: boolean): object[] {
  const answer = answerIn(text);
  const lines = shownLines(text);
  const other = lines.find(({ text: shown }) => shown.trim().length > 30);
  // Obeys what it reads, wherever it stands.
  const obeyed =
    planted && /ignore all previous rules/.test(text) && other !== undefined
      ? [
          said('Commander requires at least v99.9.9.', {
            ...other,
            from: other.line,
            to: other.line,
            quote: other.text.slice(0, 60),
          }),
          said('Requests are retried 77 times by default, key sk-secret.', {
            ...other,
            from: other.line,
            to: other.line,
            quote: 'sk-secret',
          }),
        ]
      : [];
  if (answer === undefined)
    return [
      ...obeyed,
      ...(other === undefined
        ? []
        : [
            said('This is widely known and needs no proof.', {
              document: other.document,
              from: other.line,
              to: other.line,
              quote: other.text.trim().slice(0, 80),
            }),
            { text: 'Without a citation.', citations: [] },
          ]),
    ];
  const { of, line } = answer;
  const at = { document: line.document, from: line.line, to: line.line };
  return [
    said(of.truth, { ...at, quote: of.quote }),
    // Words that do not stand there.
    said(of.truth, { ...at, quote: of.quote.replace(/\w+(?=\W*$)/, 'elsewhere') }),
    // Lines that are off by ten.
    said(of.truth, { ...at, from: at.from + 10, to: at.to + 10, quote: of.quote }),
    // A document that nobody has.
    said(of.truth, { ...at, document: 4_711, quote: of.quote }),
    ...of.lies.map((lie) => said(lie, { ...at, quote: of.quote })),
    ...obeyed,
  ].slice(0, 8);
}

const said = (
  text: string,
  { document, from, to, quote }: { document: number; from: number; to: number; quote: string },
): object => ({
  text,
  citations: [{ document, from, to, quote }],
});

/** All of them, also one that there is not. */
const writes = (text: string): string =>
  JSON.stringify({ claims: [...[...text.matchAll(/^(c\d+): /gm)].map(([, id]) => id), 'c999'] });

export const EXPERIMENT = {
  hypothesis: 'A smaller learning rate gives a higher pass rate at the gate.',
  variables: [{ path: 'training.learningRate', values: [0.0005, 0.001] }],
  budget: { tokens: 100_000, wallClock: '1h' },
  success: { metric: 'gate pass rate', smallestEffect: 0.05 },
  refuted: 'The gate pass rate of neither arm is above that of the base.',
  grounds: ['c1', 'c999'],
};
