// Remedies tried one after the other on a repository's files, in the sandbox, until one takes the case for its own and changes something. What
// it says of itself is worth nothing: whether the change is right, the tests decide.
import type { Files, RunWork } from '../../contracts/agent-ports.ts';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import type { SandboxResult } from '../../contracts/ports.ts';
import type { Skill, SkillName } from '../../contracts/skill.ts';
import { chooseSkills } from '../../policies/skill-choice.ts';
import { type Edits, whatIsLeft } from '../workspace/left.ts';

/** Of a remedy's program: this is not what is wrong here. */
export const NOT_MY_CASE = 3;
/** Where its folder lies inside. */
const SEALED = '/work/sealed';
const SAID = 4_000;

export type Proposed =
  | { readonly how: 'edited'; readonly skill: Skill; readonly edits: Edits; readonly said: string }
  | { readonly how: 'not-mine'; readonly tried: readonly { readonly skill: SkillName; readonly why: string }[] };

export interface Proposing {
  readonly files: Files;
  readonly diagnosis: Diagnosis;
  /** The library; those that fit are chosen here. */
  readonly skills: readonly Skill[];
  readonly runWork: RunWork;
  readonly signal?: AbortSignal;
}

/** @throws as RunWork; a remedy that fails, hangs or leaves what no change can be is one that does not fit */
export async function proposeByRemedy({ files, diagnosis, skills, runWork, signal }: Proposing): Promise<Proposed> {
  const tried: { skill: SkillName; why: string }[] = [];
  for (const skill of chooseSkills(skills, diagnosis)) {
    signal?.throwIfAborted();
    const done = await carryOut(skill, { files, diagnosis, runWork, ...(signal === undefined ? {} : { signal }) });
    if (done.how === 'edited') return done;
    tried.push({ skill: skill.name, why: done.why });
  }
  return { how: 'not-mine', tried };
}

/** One remedy. @throws as RunWork */
export async function carryOut(
  skill: Skill,
  { files, diagnosis, runWork, signal }: Omit<Proposing, 'skills'>,
): Promise<Extract<Proposed, { how: 'edited' }> | { readonly how: 'not-mine'; readonly why: string }> {
  const { remedy } = skill.front;
  if (remedy === undefined) return { how: 'not-mine', why: 'the skill has no remedy' };
  const left = await whatIsLeft(runWork, files, {
    files,
    sealed: new Map([...skill.files].filter(([path]) => !path.startsWith('tests/'))),
    steps: [
      {
        what: skill.name,
        // The workspace is on no search path: what lies there is data until the remedy says otherwise.
        argv: ['python3', '-E', '-s', '-B', `${SEALED}/${remedy.program}`],
        stdin: JSON.stringify(diagnosis),
        env: { PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0' },
        wallMs: remedy.seconds * 1_000,
      },
    ],
    ...(signal === undefined ? {} : { signal }),
  });
  const step = left.worked.steps[0]!;
  const not = (why: string) => ({ how: 'not-mine' as const, why });
  if (step.how !== 'exited') return not(ENDED[step.how]);
  if (step.exitCode === NOT_MY_CASE) return not(lastLine(step) || 'this is not what is wrong here');
  if (step.exitCode !== 0) return not(`it failed with exit code ${step.exitCode}: ${lastLine(step)}`);
  if (left.how === 'unfit') return not(`what it left is no change: ${left.why}`);
  if (left.edits.size === 0) return not('it changed nothing');
  return { how: 'edited', skill, edits: left.edits, said: step.stdout.trim().slice(0, SAID) };
}

const ENDED = {
  timeout: 'it ran out of its time',
  'output-limit': 'it wrote too much',
  signalled: 'it was killed',
} as const satisfies Record<Exclude<SandboxResult['how'], 'exited'>, string>;

const lastLine = ({ stdout, stderr }: SandboxResult): string =>
  (stderr.trim() || stdout.trim()).split('\n').at(-1)!.slice(0, 300);
