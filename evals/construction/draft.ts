// From a probed function to everything a task needs but its wording's choice: words, reference solution, cases.
import { AnnealError } from '../../contracts/errors.ts';
import type { TestCase } from '../../contracts/task.ts';
import { CATALOGUE, type Description } from './catalogue.ts';
import { fill, type Wording } from './phrasings.ts';
import type { ProbedFunction } from './probe.ts';

export interface Draft {
  readonly family: string;
  readonly wording: Wording;
  readonly gold: string;
  readonly cases: readonly TestCase[];
  /** Takes one argument, and so can be part of a composition. */
  readonly unary: boolean;
  readonly probed: ProbedFunction;
  readonly description: Description;
}

export function functionDraft(probed: ProbedFunction): Draft {
  const description = CATALOGUE.get(probed.family);
  if (description === undefined) throw new AnnealError('internal.bug', `${probed.family} is not in the catalogue`);
  const { name, parameters, phrase } = description;
  const names = Object.fromEntries(parameters.map((parameter) => [parameter, parameter]));
  const { lines, value } = expression(probed, parameters);
  return {
    family: probed.family,
    wording: {
      name,
      parameters,
      plain: fill(phrase, names),
      docs: [probed.doc],
      docNote: docNote(probed, parameters[0]!),
      examples: probed.examples,
    },
    gold: source(name, parameters, [...imports([probed.family]), ...lines, `return ${value}`]),
    cases: probed.cases,
    unary: parameters.length === 1,
    probed,
    description,
  };
}

/** The call of the real function on these expressions: statements before it, and its value. */
export function expression(
  { family, form }: Pick<ProbedFunction, 'family' | 'form'>,
  args: readonly string[],
): { lines: string[]; value: string } {
  const called = family.startsWith('builtins.') ? family.slice('builtins.'.length) : family;
  if (form === 'copy') {
    const rest = ['changed', ...args.slice(1)].join(', ');
    return { lines: [`changed = list(${args[0]})`, `${called}(${rest})`], value: 'changed' };
  }
  const value = `${called}(${args.join(', ')})`;
  return { lines: [], value: form === 'list' ? `list(${value})` : value };
}

export function imports(families: readonly string[]): string[] {
  const modules = new Set(families.map((family) => family.split('.')[0]!));
  for (const own of ['builtins', 'str', 'list']) modules.delete(own);
  return [...modules].sort().map((name) => `import ${name}`);
}

export function source(name: string, parameters: readonly string[], body: readonly string[]): string {
  return `def ${name}(${parameters.join(', ')}):\n${body.map((line) => `    ${line}\n`).join('')}`;
}

function docNote({ form }: ProbedFunction, first: string): string | undefined {
  if (form === 'copy') return `It should do this to a copy of ${first} and return the copy.`;
  if (form === 'list') return 'It should return the result as a list.';
  return undefined;
}
