// rl-team: a team's cycle of plan, run, analysis and review; its questions are answered where all gates are.
import type { Command } from 'commander';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { QUEUES, RL_TEAM, rlTeamWorkflowId } from '../../contracts/names.ts';
import { type RlTeamOrder, type RlTeamState, rlTeamName, rlTeamOrder } from '../../contracts/rl-team.ts';
import { durationMs } from '../../contracts/units.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { type Run, type Session, screen } from '../session.ts';
import { readCampaign } from '../spec/read.ts';
import { paint } from '../view/paint.ts';
import { plain } from '../view/text.ts';

const ANALYSIS = { turns: 20, tokens: 200_000, seconds: 1_800 };
const GATES = { deadlineMs: durationMs('24h'), remindMs: durationMs('4h') };

interface StartOptions {
  readonly goal: string;
  readonly plan?: string;
  readonly documents?: string;
  readonly base?: string;
}

export function addRlTeam(program: Command, run: Run): void {
  const team = program
    .command('rl-team')
    .description('plan, run, analyse, review and again; humans decide on every plan');
  team
    .command('start <name>')
    .description('begin a cycle; nothing runs before somebody has decided on a plan')
    .requiredOption('--goal <text>', 'what its campaigns are for')
    .option('--plan <file>', 'the first campaign')
    .option('--documents <folder>', 'what its planner reads, besides the last report')
    .option('--base <file>', 'the campaign that it plans from until one has run')
    .action((name: string, options: StartOptions, command: Command) =>
      run(async (session) => start(session, name, options), command),
    );
  team
    .command('plan <name> <file>')
    .description('give the next campaign; it is asked about at a gate')
    .action((name: string, file: string, _: object, command: Command) =>
      run(async (session) => {
        const spec = await keep(session, file);
        await (await handleOf(session, name)).signal(RL_TEAM.give, spec);
        tell(session, { given: spec.sha256 }, `${plain(file)} is given. Its question: ./anneal gates`);
      }, command),
    );
  team
    .command('wake <name>')
    .description('ask again what was met with silence')
    .action((name: string, _: object, command: Command) =>
      run(async (session) => {
        await (await handleOf(session, name)).signal(RL_TEAM.wake);
        tell(session, { woken: name }, 'It asks again: ./anneal gates');
      }, command),
    );
  team
    .command('show <name>')
    .description('where it stands, and what its iterations came to')
    .action((name: string, _: object, command: Command) =>
      run(async (session) => {
        const state = await (await handleOf(session, name)).query<RlTeamState>(RL_TEAM.view);
        const ink = paint(screen(session).colour);
        const { step, iteration, rests, iterations } = state;
        const lines = [
          `${ink.bold(name)} · ${step} · iteration ${iteration}${rests === undefined ? '' : ` · at rest: ${plain(rests)}`}`,
          ...iterations.map((one) => `  ${one.iteration}. ${one.campaign}: ${plain(one.ending)}, then ${one.review}`),
        ];
        tell(session, state, lines.join('\n'));
      }, command),
    );
}

async function start(session: Session, name: string, options: StartOptions): Promise<void> {
  const { goal, plan, base, documents } = options;
  const { approver } = await session.identity();
  const asked = {
    ...{ schema: 'anneal/rl-team/v1', team: name, owner: approver, goal, analysis: ANALYSIS, gates: GATES },
    ...(base === undefined ? {} : { base: await keep(session, base) }),
    ...(documents === undefined ? {} : { documents: await read(session, documents) }),
  };
  const order = rlTeamOrder.safeParse(asked);
  if (!order.success)
    throw new AnnealError('cli.usage', `${order.error.issues[0]?.path.join('.')}: ${order.error.issues[0]?.message}`);
  const given = plan === undefined ? {} : { given: await keep(session, plan) };
  const state: RlTeamState = { runChain: '', iteration: 1, asked: 0, step: 'plan', iterations: [], ...given };
  const input: { order: RlTeamOrder; state: RlTeamState } = { order: order.data, state };
  const workflowId = rlTeamWorkflowId(order.data.team);
  const begun = { workflowId, taskQueue: QUEUES.control, args: [input], staticSummary: goal.slice(0, 200) };
  await (await session.temporal()).workflow.start('rlTeam', { ...begun, workflowIdConflictPolicy: 'USE_EXISTING' });
  tell(session, { team: name }, `${name} has begun. Where it stands: ./anneal rl-team show ${name}`);
}

/** The folder as it is now: what changes there later changes no plan. */
async function read({ store }: Session, folder: string): Promise<ArtifactRef> {
  return store.put(canonicalJson(await readDocuments(folder, store)));
}

/** A campaign that needs nothing beside its file: what a submit keeps with it, a team does not yet. */
async function keep(session: Session, file: string): Promise<ArtifactRef> {
  if ((await session.teams()).length > 0)
    throw new AnnealError(
      'cli.usage',
      'where teams have quotas a campaign is submitted by hand: rl-team reserves nothing yet',
    );
  const { spec, specJson, files, profile, judged, source } = await readCampaign(file);
  if (files.length > 0 || profile !== undefined || judged !== undefined || source !== undefined)
    throw new AnnealError(
      'cli.usage',
      `${spec.name} names files beside it (pass rates, profile, judge, source): rl-team carries none yet`,
    );
  return session.store.put(specJson);
}

async function handleOf(session: Session, name: string) {
  const team = rlTeamName.safeParse(name);
  if (!team.success) throw new AnnealError('cli.usage', `a team's name: ${team.error.issues[0]?.message}`);
  return (await session.temporal()).workflow.getHandle(rlTeamWorkflowId(team.data));
}

function tell(session: Session, json: unknown, text: string): void {
  process.stdout.write(session.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
}
