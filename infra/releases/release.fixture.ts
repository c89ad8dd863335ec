// A release to test with: everything that `publish` looks at, with a signed decision.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type DecisionContext, type Evidence, FACTS } from '../../contracts/gate.ts';
import { campaignName, gateId, makePolicyName, sha256 } from '../../contracts/ids.ts';
import type { Releases } from '../../contracts/ports.ts';
import { createAuditLog } from '../audit/log.ts';
import { createWitness } from '../audit/witness.ts';
import { type Answer, createLocalIdentity, initIdentity, type LocalIdentity } from '../identity/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { createReleases } from './releases.ts';

export const CAMPAIGN = campaignName.parse('quickstart');
export const BASE = 'smollm2-135m-instruct';
const HASH = sha256.parse('c'.repeat(64));

export interface Opened {
  readonly root: string;
  readonly store: ArtifactStore;
  readonly identity: LocalIdentity;
  readonly audit: AuditLog;
  readonly releases: Releases;
}

/** A real store, key and registry in a new temporary folder, which the caller removes. */
export async function openReleases(): Promise<Opened> {
  const root = await mkdtemp(join(tmpdir(), 'anneal-releases-'));
  const store = createFolderStore(join(root, 'store'));
  await initIdentity(join(root, 'keys'));
  const identity = createLocalIdentity(join(root, 'keys'));
  const audit = createAuditLog(store, identity, createWitness(join(root, 'audit-head.json')));
  return { root, store, identity, audit, releases: createReleases(store, identity, audit) };
}

export type PublishInput = Parameters<Releases['publish']>[0];

export interface ExampleOptions {
  readonly version?: number;
  readonly evidence?: Partial<Evidence>;
  readonly context?: Partial<DecisionContext>;
  readonly answer?: Partial<Answer>;
}

/** Stores a gate's evidence and returns the context of a decision on it. */
export async function openGate(
  store: ArtifactStore,
  shown: Partial<Evidence> & Pick<Evidence, 'kind' | 'options'>,
): Promise<{ evidence: ArtifactRef; context: DecisionContext }> {
  const gate = gateId.parse(`${CAMPAIGN}.${shown.kind}`);
  const content: Evidence = {
    schema: 'anneal/evidence/v1',
    gate,
    campaign: CAMPAIGN,
    title: 'A gate',
    why: 'A test',
    risk: 'None',
    facts: [],
    logTail: [],
    recommended: shown.options[0]!.name,
    safe: 'keep',
    cost: { tokens: 0, seconds: 0 },
    waiting: { held: [] },
    attachments: [],
    runChain: 'run-1',
    ...shown,
  };
  const evidence = await store.put(canonicalJson(content));
  const context: DecisionContext = {
    campaign: CAMPAIGN,
    runChain: 'run-1',
    gate: content.gate,
    evidenceHash: evidence.sha256,
    options: content.options.map((option) => option.name),
    owner: 'local',
  };
  return { evidence, context };
}

export async function exampleRelease(
  store: ArtifactStore,
  identity: LocalIdentity,
  { version = 3, evidence: shown = {}, context: other = {}, answer = {} }: ExampleOptions = {},
): Promise<PublishInput> {
  const adapter = await store.put(`adapter ${version}`);
  const name = makePolicyName(CAMPAIGN, version);
  const opened = await openGate(store, {
    kind: 'release',
    facts: [
      { name: FACTS.policy, value: name },
      { name: FACTS.adapter, value: adapter.sha256 },
    ],
    options: [
      { name: 'release', effect: 'Released.' },
      { name: 'keep', effect: 'Not released.' },
    ],
    ...shown,
  });
  const context = { ...opened.context, ...other };
  const decision = await identity.makeDecision(context, {
    option: 'release',
    reason: 'A test',
    unattended: false,
    ttl: '1h',
    ...answer,
  });
  const rate = { value: 0.5, low: 0.4, high: 0.6, n: 100, clusters: 20 };
  const measured = {
    policy: name,
    split: 'sealed' as const,
    passRate: rate,
    formatRate: rate,
    correctWhenFormatted: rate,
    meanReward: rate,
    masked: 0,
    tokens: 1_000,
    perTask: adapter,
    root: HASH,
  };
  return {
    context,
    acceptedAt: new Date(),
    evidence: opened.evidence,
    body: {
      schema: 'anneal/release/v1',
      campaign: CAMPAIGN,
      policy: {
        campaign: CAMPAIGN,
        number: version,
        name,
        base: BASE,
        parent: version - 1,
        adapter,
        adapterGguf: null,
        optimizer: null,
      },
      exports: [{ name: 'adapter.safetensors', object: adapter }],
      gate: measured,
      sealed: { before: measured, after: measured },
      decision,
      manifest: {
        schema: 'anneal/manifest/v1',
        campaign: CAMPAIGN,
        specHash: HASH,
        seed: 1,
        taskSetRoot: HASH,
        verifiers: [{ name: 'python-function', version: 1 }],
        git: { commit: 'unknown', dirty: true },
        lockfiles: {},
        model: { base: BASE, sha256: HASH },
        harnessHash: HASH,
        sampling: { temperature: 1, maxTokens: 48 },
        machine: { kernel: 'k', cpus: 2, arch: 'x64', node: 'v24', python: '3.11' },
        sandbox: 'none',
        temporal: 'none',
      },
    },
  };
}
