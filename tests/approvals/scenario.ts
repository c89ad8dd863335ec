// One campaign from its first gate to its release, whose worker dies where it is told to and is started again.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../contracts/canonical.ts';
import { CAMPAIGN, campaignWorkflowId, QUEUES } from '../../contracts/names.ts';
import { type CampaignStatus, campaignState } from '../../contracts/record.ts';
import { lockTaskSet } from '../../evals/construction/lock.ts';
import { readProofs } from '../../infra/audit/decisions.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readApprovers, writeApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { exampleRelease } from '../../infra/releases/release.fixture.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { firstState } from '../../infra/temporal/first-state.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { decided, keepAlive, type Scene, until } from '../support/every-death.ts';
import { byPhone } from '../support/real-gates.ts';
import { scriptedSpec } from '../support/scripted-activities.ts';
import { softwarePasskey } from '../support/software-passkey.ts';
import type { MortalCampaign } from './worker.ts';

export interface Played {
  /** Boundaries that were passed, of all processes of this worker. */
  readonly passed: readonly string[];
  readonly died: boolean;
  /** From sending each decision until its campaign went on. */
  readonly resumedMs: readonly number[];
  /** What is not as it should be; empty where all is well. */
  readonly wrong: readonly string[];
}

const NAME = 'decided';
const ANSWERS = [
  ['open-sealed', 'open'],
  ['release', 'release'],
] as const;
/** What has to stand in the audit log, once each, by how many people each gate needs. */
const once = (people: number): string[] => {
  const answered = people === 1 ? [] : Array.from({ length: people }, () => 'gate-answered');
  return [
    ...['gate-opened', ...answered, 'gate-closed', 'sealed-opened'],
    ...['gate-opened', ...answered, 'gate-closed', 'released'],
  ];
};

/**
 * @param at a boundary's name, as a life without death tells it; null: nobody dies
 * @param people that each gate needs: this machine's approver, and before them somebody with a passkey
 */
export async function playDecisions(scene: Scene, at: string | null, people: 1 | 2 = 1): Promise<Played> {
  const home = await mkdtemp(join(tmpdir(), 'anneal-decided-'));
  const store = createFolderStore(join(home, 'store'));
  await initIdentity(join(home, 'keys'));
  const ada = softwarePasskey('ada', 'ES256');
  if (people === 2) writeApprovers(join(home, 'keys'), [...readApprovers(join(home, 'keys')), ada.entry]);
  const identity = createLocalIdentity(join(home, 'keys'));
  const spec = scriptedSpec(NAME, { rounds: 1 });
  const specRef = await store.put(canonicalJson(spec));
  const empty = { splits: { visible: [], gate: [], sealed: [] }, considered: 0, dropped: [], python: '3.11' };
  const lock = await lockTaskSet(empty, { source: 'python-stdlib', seed: 1, put: (bytes) => store.put(bytes) });
  await store.put(canonicalJson('adapter 1'));
  const { address: temporal, namespace, bundle, client } = scene;
  const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
  const given: MortalCampaign = {
    ...{ temporal, namespace, home, bundle, death, people, taskSet: await store.put(canonicalJson(lock)) },
    manifest: (await exampleRelease(store, identity)).body.manifest,
  };
  const worker = keepAlive(join(import.meta.dirname, 'worker.ts'), given);
  try {
    const handle = await client.workflow.start('campaign', {
      workflowId: campaignWorkflowId(spec.name),
      taskQueue: QUEUES.control,
      args: [{ spec, state: firstState(spec, specRef, specRef.sha256) }],
    });
    const gates = createGates(client, store);
    const resumedMs: number[] = [];
    for (const [kind, option] of ANSWERS) {
      const status = () => handle.query<CampaignStatus>(CAMPAIGN.status);
      const gate = await until(async () => {
        const open = (await status()).openGate?.gate;
        return open?.includes(kind) ? open : undefined;
      });
      const { view } = await until(() => gates.look(gate));
      const answer = { option, reason: 'A test', unattended: false, ttl: '1h' } as const;
      const decision = await identity.makeDecision(view.context, answer);
      if (people === 2) await decided(gates, byPhone(ada, view.context, option));
      const sent = performance.now();
      await decided(gates, decision);
      await until(async () => ((await status()).openGate?.gate === gate ? undefined : true), RESUMED_MS);
      resumedMs.push(Math.round(performance.now() - sent));
    }
    const state = campaignState.parse(await handle.result());
    const { entries, problems } = await readAudit({
      ...{ store, verifyBytes: identity.verifyBytes },
      witnesses: [await createWitness(join(home, 'audit', 'head.json')).read()].filter((head) => head !== undefined),
    });
    const proofs = await readProofs(entries, { store, verifyBytes: identity.verifyBytes });
    const noted = entries.map(({ entry }) => entry.event.what);
    const names = async (prefix: string): Promise<number> => (await store.listNamed(prefix)).length;
    const counts = {
      answers: (await store.listNamed('gates/')).filter((key) => key.endsWith('/answer')).length,
      openings: await names('sealed/'),
      answered: (await store.listNamed('gates/')).filter((key) => key.includes('/answers/')).length,
      refusals: (await store.listNamed('gates/')).filter((key) => key.includes('/refusals/')).length,
    };
    const wrong = [
      ...(state.ending === 'released' ? [] : [`it ended as ${state.ending}`]),
      ...(state.gates.length === ANSWERS.length ? [] : [`it knows ${state.gates.length} gates`]),
      ...(canonicalJson(noted) === canonicalJson(once(people)) ? [] : [`the audit log has ${noted.join(', ')}`]),
      ...[...problems, ...proofs.problems].map(({ number, what }) => `entry ${number} of the audit log: ${what}`),
      ...(counts.answers === ANSWERS.length ? [] : [`${counts.answers} answers are recorded`]),
      ...(counts.answered === (people === 1 ? 0 : people * ANSWERS.length)
        ? []
        : [`${counts.answered} answers of a quorum are kept`]),
      ...(counts.openings === 1 ? [] : [`the sealed split was opened ${counts.openings} times`]),
      ...(counts.refusals === 0 ? [] : [`${counts.refusals} decisions were refused`]),
    ];
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    return { passed, died: existsSync(death.died), resumedMs, wrong };
  } finally {
    await worker.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Looks are this far apart where the time is told. */
const RESUMED_MS = 20;
