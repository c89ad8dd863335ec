// A console in front of real gates: a real Temporal, a folder as the store, this machine's key, and the activities that verify with it.

import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { atBoundary } from '../../activities/boundary.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import type { ConsolePorts } from '../../console/ports.ts';
import { type Served, serveConsole } from '../../console/serve.ts';
import type { Viewer } from '../../console/viewer.ts';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type Evidence, evidence as evidenceSchema } from '../../contracts/gate.ts';
import { type GateId, gateId } from '../../contracts/ids.ts';
import { gateWorkflowId, QUEUES, SEARCH } from '../../contracts/names.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import { createPeople } from '../../infra/people/registry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import type { Critical } from '../../policies/critical.ts';
import { auditIn } from './audit.ts';
import { everybodyIsThisViewer } from './local-viewer.ts';
import { temporal, workersOf } from './play-campaign.ts';

const gateState = defineSearchAttributeKey(SEARCH.gateState, 'KEYWORD');
const REPO = resolve(import.meta.dirname, '../..');

export interface OpenedGate {
  readonly gate: GateId;
  readonly evidence: ArtifactRef;
  readonly shown: Evidence;
  result(): Promise<unknown>;
}

interface Parts {
  readonly store: ArtifactStore;
  readonly identity: LocalIdentity;
  readonly audit: AuditLog;
}

export type ConsoleWorld = Awaited<ReturnType<typeof openConsoleWorld>>;

/**
 * Of a file that is `withTemporal()`.
 * @param beside activities of the campaigns around the gates, whose gates' own are not used
 */
export async function openConsoleWorld(
  quorum: Critical['approvals']['quorum'] = {},
  beside: object | ((at: Parts) => object) = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-console-'));
  const keys = join(folder, 'keys');
  const store = createFolderStore(join(folder, 'store'));
  await initIdentity(keys, 'ada');
  const people = createPeople({ store, roots: () => readApprovers(keys) });
  const identity: LocalIdentity = createLocalIdentity(keys, { quorum }, people);
  const audit = auditIn(folder, store, identity);
  const gateActivities = createGateActivities({
    ...{ store, identity, documents: createDocuments(store), audit },
    critical: ['open-sealed', 'release', 'integrity', 'promotion', 'job-failed', 'merge'],
  });
  const activities = {
    ...(typeof beside === 'function' ? beside({ store, identity, audit }) : beside),
    ...{ ...atBoundary(gateActivities), planTellings: async () => [], tell: async () => undefined },
  };
  const startWorkers = () => workersOf(activities);
  let stopWorkers: (() => Promise<void>) | undefined = await startWorkers();
  const served = new Set<Served>();

  const ports = (changes: Partial<ConsolePorts> = {}): ConsolePorts => ({
    temporal: async () => temporal(),
    store,
    critical: {
      gates: ['open-sealed', 'release', 'integrity'],
      approvals: { self: 'allowed', unattended: 'refused', breakGlass: 'allowed', quorum },
    },
    onCall: undefined,
    approvers: () => readApprovers(keys),
    people: () => people.current(),
    signer: async () => identity,
    pool: async () => ({ trajectories: async () => [], completions: async () => [] }),
    explain: (code) => readFile(join(REPO, 'docs', 'errors', `${code}.md`), 'utf8').catch(() => undefined),
    ...changes,
  });

  return {
    folder,
    store,
    identity,
    ports,
    async stopWorkers() {
      await stopWorkers?.();
      stopWorkers = undefined;
    },
    async startWorkers() {
      stopWorkers ??= await startWorkers();
    },
    /** `demo.release-1` is of the campaign demo. */
    async open(
      name: string,
      changes: Partial<Evidence> = {},
      deadlineMs = 3_600_000,
      /** Known as open although no worker has begun with it. */
      early = false,
    ): Promise<OpenedGate> {
      const gate = gateId.parse(name);
      const shown = evidenceOf(gate, changes);
      const evidence = await store.put(canonicalJson(shown));
      const { campaign, runChain, options, title, recommended, safe } = shown;
      const context = {
        campaign,
        runChain,
        gate,
        evidenceHash: evidence.sha256,
        options: options.map((one) => one.name),
        owner: 'grace',
      };
      const input = {
        context,
        evidence,
        title,
        recommended,
        safe,
        deadlineMs,
        remindMs: deadlineMs,
        campaignWorkflowId: 'campaign/nobody',
      };
      const handle = await temporal().workflow.start('gate', {
        ...{ workflowId: gateWorkflowId(gate), taskQueue: QUEUES.control, args: [input] },
        ...(early && { typedSearchAttributes: new TypedSearchAttributes([{ key: gateState, value: 'open' }]) }),
      });
      return { gate, evidence, shown, result: () => handle.result() };
    },
    /** By this machine's key, as the command line does. */
    async answer(name: string, option: string) {
      const gates = createGates(temporal(), store);
      const { view } = await gates.look(name);
      await answerGate({ gates, signer: async () => identity }, view.context, {
        option,
        reason: 'by a test',
        unattended: false,
      });
    },
    async serve(viewer: Partial<Viewer> = {}, changes: Partial<ConsolePorts> = {}, port = 0): Promise<Served> {
      const signIn = everybodyIsThisViewer('127.0.0.1', { name: 'ada', role: 'approver', ...viewer });
      const one = await serveConsole(ports(changes), signIn, { address: '127.0.0.1', port });
      served.add(one);
      return { ...one, close: async () => void (served.delete(one) && (await one.close())) };
    },
    async close() {
      for (const one of served) await one.close();
      await stopWorkers?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function evidenceOf(gate: string, changes: Partial<Evidence> = {}): Evidence {
  const [campaign = '', rest = ''] = gate.split('.');
  return evidenceSchema.parse({
    schema: 'anneal/evidence/v1',
    ...{ gate, campaign, kind: rest.replace(/-\d+$/, '') },
    title: `Release ${campaign}.v4 of ${campaign}?`,
    why: 'The improvement holds on unseen functions (+10.0 points, interval 3.0 points to 17.0 points): sealed pass rate 27.0% against 17.0% of version 0.',
    risk: 'Users get this version until ./anneal rollback moves the pointer back.',
    facts: [
      { name: 'policy', value: `${campaign}.v4` },
      { name: 'adapter', value: 'a3'.repeat(32) },
      { name: 'gate split: pass rate', value: '31.0% (24.3 to 37.7, n=144, 18 functions)' },
      { name: 'gate split: paired gain over v0', value: '13.0% (5.0 to 21.0, n=144, 18 functions)' },
      { name: 'sealed split, before: pass rate', value: '17.0% (10.7 to 23.3, n=160, 20 functions)' },
      { name: 'sealed split, after: pass rate', value: '27.0% (20.7 to 33.3, n=160, 20 functions)' },
    ],
    options: [
      { name: 'release', effect: `A signed release manifest is written and users get ${campaign}.v4.` },
      { name: 'keep', effect: 'Nothing is released; what users get does not change.' },
    ],
    recommended: 'release',
    safe: 'keep',
    cost: { tokens: 30_752, seconds: 412 },
    runChain: 'run-1',
    ...changes,
  });
}

/** As somebody with access to the store, or a broken disk, would. */
export function removeObject({ folder }: Pick<ConsoleWorld, 'folder'>, { sha256 }: ArtifactRef): void {
  rmSync(join(folder, 'store', 'objects', sha256.slice(0, 2), sha256));
}
