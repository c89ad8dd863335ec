// program@2: a program or a function, judged by what it makes of inputs. Expected outputs never enter a sandbox; every input has a new
// process, so that nothing is counted or kept from one to the next.
import type { TestCase, TypedValue } from '../../../contracts/task.ts';
import { type Artifact, textOf } from '../artifact.ts';
import { broken, fileText, held, refused, shown } from '../gates.ts';
import { sameValue } from '../python-function/values.ts';
import { defineVerifier, type Found, type Instruments } from '../verifier.ts';
import { type Answer, type Asked, askFunction, askProgram, type Program } from './ask.ts';
import { type ProgramCheck, programCheck } from './check.ts';
import { sameText } from './compare.ts';
import { secretFunctionCases, secretStdioCases } from './secret-inputs.ts';

const programOf = (version: 1 | 2) =>
  defineVerifier<ProgramCheck>({
    ref: { name: 'program', version },
    format: 'program',
    runsCandidate: true,
    check: programCheck,
    async judge({ check, artifact, instruments }) {
      const source = readable(artifact, check.file);
      if ('why' in source) return refused([broken('source', source.why)]);
      const { language, file, seconds } = check;
      const candidate = { language, file, seconds, files: source.files, asModule: version > 1 };
      const asked = await ask(check, candidate, instruments);
      return found(check, asked);
    },
    impossible: (check) =>
      check.kind === 'stdio'
        ? { ...check, cases: check.cases.with(0, { ...check.cases[0]!, stdout: `${check.cases[0]!.stdout} flipped` }) }
        : { ...check, cases: check.cases.with(0, { ...check.cases[0]!, expected: flipped(check.cases[0]!.expected) }) },
  });

/** They lie beside the program anew for each input. */
const MOST_FILES = 1_000;

/** Knows functions in plain scripts only. */
export const programOne = programOf(1);
export const program = programOf(2);

/** A case that was asked, with what was expected of it. */
interface Outcome {
  readonly input: string;
  readonly expected: string;
  readonly answer: string;
  readonly right: boolean;
  readonly secret: boolean;
}

async function ask(
  check: ProgramCheck,
  candidate: Program,
  instruments: Instruments,
): Promise<{ outcomes: Outcome[]; runs: Asked['runs'] }> {
  if (check.kind === 'stdio') {
    const cases = [...check.cases, ...(await secretStdioCases(check, instruments))];
    const inputs = cases.map(({ stdin }) => stdin);
    const { answers, runs } = await askProgram(instruments.sandbox, candidate, inputs);
    const outcomes = cases.map(({ stdin, stdout }, index) => {
      const answer = answers[index]!;
      const right = answer.how === 'text' && sameText(stdout, answer.text, check.compare);
      return { input: stdin, expected: stdout, answer: inWords(answer), right, secret: index >= check.cases.length };
    });
    return { outcomes, runs };
  }
  const cases: TestCase[] = [...check.cases, ...(await secretFunctionCases(check, instruments))];
  const inputs = cases.map(({ args }) => args);
  const { answers, runs } = await askFunction(instruments.sandbox, { ...candidate, entry: check.entry }, inputs);
  const outcomes = cases.map(({ args, expected }, index) => {
    const answer = answers[index]!;
    const right = answer.how === 'value' && sameValue(expected, answer.value);
    const secret = index >= check.cases.length;
    return { input: JSON.stringify(args), expected: JSON.stringify(expected), answer: inWords(answer), right, secret };
  });
  return { outcomes, runs };
}

function found(check: ProgramCheck, { outcomes, runs }: { outcomes: Outcome[]; runs: Asked['runs'] }): Found {
  const [fixed, secret] = [outcomes.filter((one) => !one.secret), outcomes.filter((one) => one.secret)];
  const shares = [fixed, secret].filter((some) => some.length > 0).map(shareRight);
  const least = Math.min(...shares);
  const why = `${count(fixed)} cases right${secret.length === 0 ? '' : `, ${count(secret)} secret inputs`}`;
  const score = check.credit === 'share' ? least : least === 1 ? 1 : 0;
  return {
    gates: [held('source', `${check.file} can be read`)],
    components: [{ name: 'cases', kind: 'outcome', score, weight: 1, why }],
    runs,
    seen: outcomes.map(({ input, expected, answer, right, secret: hidden }) => ({
      input: shown(input),
      expected: shown(expected),
      answer: shown(answer),
      right,
      secret: hidden,
    })),
  };
}

const shareRight = (some: readonly Outcome[]): number => some.filter(({ right }) => right).length / some.length;
const count = (some: readonly Outcome[]): string => `${some.filter(({ right }) => right).length} of ${some.length}`;

function inWords(answer: Answer): string {
  if (answer.how === 'text') return answer.text;
  if (answer.how === 'value') return JSON.stringify(answer.value);
  if (answer.how === 'failed') return `failed: ${answer.why}`;
  return answer.how === 'not-loaded' ? `not loaded: ${answer.error}` : answer.how;
}

/** The texts of an artifact: a program's own files, all of them placed beside it. */
function readable(artifact: Artifact, file: string): { files: Record<string, string> } | { why: string } {
  if (artifact.size > MOST_FILES) return { why: `${artifact.size} files, more than ${MOST_FILES}` };
  const main = fileText(artifact, file);
  if ('why' in main) return main;
  if (main.text.trim() === '') return { why: `${file} is blank` };
  const files: Record<string, string> = {};
  for (const [path, bytes] of artifact) {
    const text = textOf(bytes);
    if (text === undefined) return { why: `${path} is not UTF-8` };
    files[path] = text;
  }
  return { files };
}

function flipped(value: TypedValue): TypedValue {
  if (value.t === 'int') return { t: 'int', v: String(BigInt(value.v) + 1n) };
  if (value.t === 'bool') return { t: 'bool', v: !value.v };
  return { t: 'str', v: `flipped ${JSON.stringify(value)}` };
}
