// The wordings of an instruction. A campaign takes the first N of this list; the order goes from what a small model solves often to
// what asks more of it.
import type { TestCase } from '../../contracts/task.ts';
import { pythonLiteral } from '../verifiers/python-function/values.ts';

export interface Wording {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Our plain words, following "returns". */
  readonly plain: string;
  /** The real docstring's first paragraph, or one for each part of a composition. */
  readonly docs: readonly string[];
  /** How the docstring is to be applied, where it alone would mislead. */
  readonly docNote: string | undefined;
  /** Shown to the policy; never among the hidden cases. */
  readonly examples: readonly [TestCase, TestCase];
}

type Phrasing = (wording: Wording) => string;

const signature = ({ name, parameters }: Wording): string => `${name}(${parameters.join(', ')})`;
const plainly = (w: Wording): string => `Write a Python function \`${signature(w)}\` that returns ${w.plain}.`;

function fromDocs(w: Wording): string {
  const docs = w.docs.map(sentence);
  const what =
    docs.length === 1
      ? `It should do this: ${docs[0]}`
      : `It should first do this to its argument: ${docs[0]} Then it should do this to the result: ${docs[1]} It returns the last result.`;
  return [`Write a Python function ${signature(w)}.`, what, w.docNote].filter((part) => part !== undefined).join(' ');
}

const call = (w: Wording, example: TestCase): string => `${w.name}(${example.args.map(pythonLiteral).join(', ')})`;
const shown = (w: Wording): string =>
  w.examples.map((example) => `\`${call(w, example)}\` returns \`${pythonLiteral(example.expected)}\``).join(' and ');

export const PHRASINGS: readonly (readonly [string, Phrasing])[] = [
  ['plain', plainly],
  ['doc', fromDocs],
  ['example', (w) => `${plainly(w)} For example, ${shown(w)}.`],
  [
    'stub',
    (w) => `Complete this Python function:\n\`\`\`python\ndef ${signature(w)}:\n    """Return ${w.plain}."""\n\`\`\``,
  ],
  ['brief', (w) => `Python function \`${signature(w)}\`: return ${w.plain}.`],
  [
    'question',
    (w) =>
      `How do you write a Python function named \`${w.name}\` that takes ${list(w.parameters)} and returns ${w.plain}?`,
  ],
  ['doc-example', (w) => `${fromDocs(w)} For example, ${shown(w)}.`],
  [
    'assertions',
    (w) =>
      `${plainly(w)} These lines must pass:\n${w.examples
        .map((example) => `assert ${call(w, example)} == ${pythonLiteral(example.expected)}`)
        .join('\n')}`,
  ],
];

/** A phrase of the catalogue with its parameters in place, for example `the sum of a and b`. */
export function fill(phrase: string, values: Readonly<Record<string, string>>): string {
  return phrase.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function list(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
