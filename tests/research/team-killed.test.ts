// A team's worker that dies before, after and amid each of its steps, on a real Temporal server: one start of its campaign, one report, one decision
// at each gate. A few of the places where it may die; ANNEAL_DEATHS=all takes each of them.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { QUEUES, rlTeamWorkflowId } from '../../contracts/names.ts';
import { type RlTeamState, rlTeamOrder, rlTeamState, teamReport } from '../../contracts/rl-team.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { decided, keepAlive, playEveryDeath, type Scene, until } from '../support/every-death.ts';
import { tellFigures } from '../support/told-figures.ts';
import { documentsFolder } from './documents.ts';
import { QUESTIONS } from './questions.ts';
import { BASE } from './team-activities.ts';
import type { MortalTeam } from './team-worker.ts';

const TEAM = 'mortal';
const SOME = [
  'after proposePlan, 1',
  'amid proposeExperiment’s sub-agent 2 ask, 1',
  'after planFrom, 1',
  'amid beginPlan’s identity verifyAll, 1',
  'after beginPlan, 1',
  'after analyseCampaign, 1',
  'before closeReport, 1',
  'after proposePlan, 2',
];
/** Its gates in the order that they are asked in; that of the campaign stands where it is null. */
const ANSWERS = [
  [`${TEAM}.plan-1`, 'run'],
  [null, 'keep'],
  [`${TEAM}.review-2`, 'iterate'],
  [`${TEAM}.plan-3`, 'end'],
] as const;

const { folder } = await documentsFolder();

/** Chains of runs: what continues as new is one, what is started twice is two. */
async function chains(client: Client, type: string): Promise<{ id: string; input: { spec?: unknown } }[]> {
  const all = await Array.fromAsync(client.workflow.list({ query: `WorkflowType = '${type}'` }));
  const first = await Promise.all(
    all.map(async ({ workflowId, runId }) => {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const begun = events![0]!.workflowExecutionStartedEventAttributes!;
      const input = JSON.parse(Buffer.from(begun.input!.payloads![0]!.data!).toString()) as { spec?: unknown };
      return { id: workflowId, input, continued: (begun.continuedExecutionRunId ?? '') !== '' };
    }),
  );
  return first.filter(({ continued }) => !continued);
}

async function playTeam({ client, address, namespace, bundle }: Scene, at: string | null) {
  const home = await mkdtemp(join(tmpdir(), 'anneal-killed-team-'));
  const temporary = join(home, 'tmp');
  await mkdir(temporary);
  const store = createFolderStore(join(home, 'store'));
  await initIdentity(join(home, 'keys'));
  const identity = createLocalIdentity(join(home, 'keys'));
  const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
  const given: MortalTeam = { temporal: address, namespace, bundle, home, death };
  // Whose namespace had a life before has its workflows too.
  const before = new Set((await chains(client, 'campaign')).map(({ id }) => id));
  const order = rlTeamOrder.parse({
    ...{ schema: 'anneal/rl-team/v1', team: TEAM, owner: 'somebody', goal: QUESTIONS[1]!.question },
    analysis: { turns: 5, tokens: 1_000, seconds: 600 },
    gates: { deadlineMs: 600_000, remindMs: 300_000 },
    documents: await store.put(canonicalJson(await readDocuments(folder, store))),
    base: await store.put(canonicalJson(BASE)),
  });
  const worker = keepAlive(join(import.meta.dirname, 'team-worker.ts'), given, { TMPDIR: temporary });
  try {
    const state: RlTeamState = { runChain: '', iteration: 1, asked: 0, step: 'plan', iterations: [] };
    const handle = await client.workflow.start('rlTeam', {
      ...{ workflowId: rlTeamWorkflowId(order.team), taskQueue: QUEUES.control, args: [{ order, state }] },
    });
    const gates = createGates(client, store);
    const shown: unknown[] = [];
    let campaign = '';
    for (const [named, option] of ANSWERS) {
      const gate = named ?? `${campaign}.open-sealed-1`;
      const { view, evidence } = await until(async () => {
        const found = await gates.look(gate);
        return found.evidence === undefined ? undefined : found;
      });
      const plan = evidence!.attachments.find(({ name }) => name === 'the campaign');
      if (plan !== undefined) {
        const spec = campaignSpec.parse(JSON.parse(new TextDecoder().decode(await store.get(plan.object))));
        campaign = spec.name;
        shown.push(spec);
      }
      const answer = { option, reason: 'A test', unattended: false, ttl: '1h' } as const;
      await decided(gates, await identity.makeDecision(view.context, answer));
    }
    const end = rlTeamState.parse(await handle.result());
    await worker.stop();

    const [started, researches] = [await chains(client, 'campaign'), await chains(client, 'research')];
    const mine = started.filter(({ id }) => !before.has(id));
    const { entries, problems } = await readAudit({
      ...{ store, verifyBytes: identity.verifyBytes },
      witnesses: [await createWitness(join(home, 'audit', 'head.json')).read()].filter((head) => head !== undefined),
    });
    const noted = entries.map(({ entry }) => entry.event.what);
    const answers = (await store.listNamed('gates/')).filter((key) => key.endsWith('/answer'));
    const reports = await Promise.all(
      end.iterations.map(async ({ report }) =>
        teamReport.parse(JSON.parse(new TextDecoder().decode(await store.get(report)))),
      ),
    );
    const said = reports.map(({ sentences, turns, stopped }) => ({ sentences, turns, stopped }));
    const wrong: string[] = [
      ...(end.step === 'ended' ? [] : [`it ended at ${end.step}`]),
      ...(mine.length === 1 ? [] : [`campaigns were started ${mine.length} times`]),
      ...(canonicalJson(mine[0]?.input.spec) === canonicalJson(shown[0])
        ? []
        : ['another campaign than was decided on']),
      ...(new Set(researches.map(({ id }) => id)).size === researches.length ? [] : ['a research was started twice']),
      ...(end.iterations.length === 1 ? [] : [`${end.iterations.length} iterations have ended`]),
      ...(canonicalJson(said) === canonicalJson([{ sentences: ['It has no report.'], turns: 1, stopped: 'done' }])
        ? []
        : [`its report says ${canonicalJson(said)}`]),
      ...(answers.length === ANSWERS.length ? [] : [`${answers.length} answers are recorded`]),
      ...(canonicalJson(noted) === canonicalJson(ANSWERS.flatMap(() => ['gate-opened', 'gate-closed']))
        ? []
        : [`the audit log has ${noted.join(', ')}`]),
      ...problems.map(({ number, what }) => `entry ${number} of the audit log: ${what}`),
    ];
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    return { passed, died: existsSync(death.died), wrong };
  } finally {
    await worker.stop();
    await rm(home, { recursive: true, force: true });
  }
}

test('whoever dies amid a team’s steps: one start of its campaign, one report, one decision at each gate', {
  timeout: 3_600_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  try {
    const played = await playEveryDeath(playTeam, (passed) => (all ? [...new Set(passed)] : SOME), {
      lanes: all ? 6 : 4,
      saw: (at, { wrong }) => console.log(`${at}: ${wrong.join('; ') || 'as it should be'}`),
    });
    const alive = played.get(null)!;
    expect(alive).toMatchObject({ died: false, wrong: [] });
    tellFigures(task, {
      'places where a worker may die': new Set(alive.passed).size,
      'deaths played': played.size - 1,
    });
    expect(SOME.filter((at) => !alive.passed.includes(at))).toEqual([]);
    for (const [at, { died, wrong }] of played)
      expect({ at, died, wrong }).toEqual({ at, died: at !== null, wrong: [] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
