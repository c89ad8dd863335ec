// Samples of the format `program`: twenty problems, each in two languages, with inputs that are secret.
import type { ProgramCheck } from '../../verifiers/program/check.ts';
import { type Sample, sampleTask } from '../variant.ts';
import { FUNCTIONS } from './function-problems.ts';
import * as functions from './functions.ts';
import { type FunctionProblem, type StdioProblem, typed } from './problems.ts';
import * as programs from './programs.ts';
import { STDIO } from './stdio-problems.ts';

type Language = ProgramCheck['language'];

const GENERATOR = `import json, random, sys
request = json.load(sys.stdin)
random.seed(request["seed"])
def typed(value):
    if isinstance(value, str): return {"t": "str", "v": value}
    if isinstance(value, list): return {"t": "list", "v": [typed(item) for item in value]}
    return {"t": "int", "v": str(value)}
`;
const COUNT = 6;

const secretInputs = (reference: string, draw: string): Extract<ProgramCheck, { kind: 'stdio' }>['secretInputs'] => ({
  generator: {
    language: 'python',
    source: `${GENERATOR}print(json.dumps([${draw} for _ in range(request["count"])]))\n`,
  },
  reference: { language: 'python', source: reference },
  count: COUNT,
});

const common = (language: Language) =>
  ({ language, file: functions.fileOf(language), credit: 'all', seconds: 10 }) as const;

function sample(
  language: Language,
  problem: FunctionProblem | StdioProblem,
  instruction: string,
  check: ProgramCheck,
  variants: Pick<Sample, 'cheats' | 'honest'>,
): Sample {
  const gold = { [check.file]: problem[language] };
  const task = sampleTask({
    name: `${problem.name}-${language}`,
    format: 'program',
    verifier: { name: 'program', version: 2 },
    instruction: `${instruction} Hand in ${check.file}.`,
    check,
    deliverables: [{ path: check.file, maxBytes: 64_000, required: true }],
    gold,
  });
  return { task, given: {}, gold, ...variants };
}

const ofFunction = (problem: FunctionProblem, language: Language): Sample =>
  sample(
    language,
    problem,
    `Write a function ${problem.entry} in ${language}: ${problem.says}.`,
    {
      kind: 'function',
      ...common(language),
      entry: problem.entry,
      secretInputs: secretInputs(problem.python, `[typed(a) for a in ${problem.draw}]`),
      cases: problem.cases.map(({ args, expected }) => ({ args: args.map(typed), expected: typed(expected) })),
    },
    language === 'python'
      ? { cheats: functions.pythonCheats(problem), honest: functions.pythonHonest(problem) }
      : { cheats: functions.javascriptCheats(problem), honest: functions.javascriptHonest(problem) },
  );

const ofStdio = (problem: StdioProblem, language: Language): Sample =>
  sample(
    language,
    problem,
    problem.says,
    {
      kind: 'stdio',
      ...common(language),
      secretInputs: secretInputs(problem.python, problem.draw),
      cases: problem.cases.map((one) => ({ ...one })),
      compare: { how: 'tokens' },
    },
    language === 'python'
      ? { cheats: programs.pythonCheats(problem), honest: programs.pythonHonest(problem) }
      : { cheats: programs.javascriptCheats(problem), honest: programs.javascriptHonest(problem) },
  );

const BOTH: readonly Language[] = ['python', 'javascript'];

export const PROGRAM_CORPUS: readonly Sample[] = [
  ...FUNCTIONS.flatMap((problem) => BOTH.map((language) => ofFunction(problem, language))),
  ...STDIO.flatMap((problem) => BOTH.map((language) => ofStdio(problem, language))),
];
