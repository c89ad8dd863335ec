// Inputs that no candidate can know: made from the secret of the judgement by the task's generator, answered by its reference. Both are
// the grader's own, yet they run in sandboxes like everything else, and never beside a candidate.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { TestCase } from '../../../contracts/task.ts';
import { typedValue } from '../../../contracts/task.ts';
import { sha256Of } from '../gates.ts';
import { secretRowCases } from '../python-function/secret-cases.ts';
import type { Instruments } from '../verifier.ts';
import { askFunction, askProgram, type Program } from './ask.ts';
import type { ProgramCheck } from './check.ts';

type Generated = NonNullable<Of<'stdio'>['secretInputs']>;
type Of<Kind extends ProgramCheck['kind']> = Extract<ProgramCheck, { kind: Kind }>;

/** @throws AnnealError `verifier.failed` when generator or reference do not do their part; `sandbox.*` */
export async function secretStdioCases(check: Of<'stdio'>, instruments: Instruments): Promise<Of<'stdio'>['cases']> {
  const made = await generate(check, instruments, z.string());
  if (made === undefined) return [];
  const { answers } = await askProgram(instruments.sandbox, made.reference, made.inputs);
  return made.inputs.map((stdin, index) => {
    const answer = answers[index]!;
    if (answer.how !== 'text') throw unanswered(answer.how);
    return { stdin, stdout: answer.text };
  });
}

/** @throws AnnealError as above */
export async function secretFunctionCases(check: Of<'function'>, instruments: Instruments): Promise<TestCase[]> {
  const { secretInputs } = check;
  if (secretInputs !== null && 'drawn' in secretInputs)
    return drawnFromRows(check, secretInputs.reference.source, instruments);
  const made = await generate({ ...check, secretInputs }, instruments, z.array(typedValue));
  if (made === undefined) return [];
  const reference = { ...made.reference, entry: check.entry };
  const { answers } = await askFunction(instruments.sandbox, reference, made.inputs);
  return made.inputs.map((args, index) => {
    const answer = answers[index]!;
    if (answer.how !== 'value') throw unanswered(answer.how);
    return { args, expected: answer.value };
  });
}

const drawnFromRows = (
  { cases, entry }: Of<'function'>,
  reference: string,
  { sandbox, secret }: Instruments,
): Promise<TestCase[]> =>
  secretRowCases({
    task: { id: sha256Of(reference), cases, gold: reference, entrypoint: { name: entry } },
    sandbox,
    secret,
  });

async function generate<Input>(
  { secretInputs, seconds }: { readonly secretInputs: Generated | null; readonly seconds: number },
  { sandbox, secret }: Instruments,
  form: z.ZodType<Input>,
): Promise<{ inputs: Input[]; reference: Program } | undefined> {
  if (secretInputs === null) return undefined;
  const { generator, reference, count } = secretInputs;
  const seed = sha256Of(`secret inputs\n${secret}\n${generator.source}`);
  const { answers } = await askProgram(sandbox, helperProgram(generator, seconds), [JSON.stringify({ seed, count })]);
  const answer = answers[0]!;
  if (answer.how !== 'text') throw new AnnealError('verifier.failed', `the generator of inputs ended: ${answer.how}`);
  const inputs = z.array(form).length(count).safeParse(parsed(answer.text));
  if (!inputs.success)
    throw new AnnealError('verifier.failed', `the generator did not print ${count} inputs as a JSON array`);
  return { inputs: inputs.data, reference: helperProgram(reference, seconds) };
}

const helperProgram = ({ language, source }: Generated['generator'], seconds: number): Program => ({
  language,
  files: { helper: source },
  file: 'helper',
  ours: true,
  seconds,
});

const unanswered = (how: string): AnnealError =>
  new AnnealError('verifier.failed', `the reference has no answer to an input that the generator made: ${how}`);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
