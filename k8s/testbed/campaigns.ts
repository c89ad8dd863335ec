// What campaigns need of a cluster beyond its programs: the images on its node, a namespace with two secrets, a bucket.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../infra/config.ts';
import { findPython } from '../../infra/stack/setup/python.ts';
import { ensureVenv } from '../../infra/stack/setup/venv.ts';
import { failure } from './failure.ts';
import type { OnProgress } from './go.ts';
import { loadImages } from './node.ts';
import type { Layout } from './options.ts';
import { createSetup } from './setup.ts';
import { readState } from './state.ts';
import { BUCKET, type StoreFacts, storeFacts } from './store.ts';
import type { Testbed } from './testbed.ts';
import { ensureTrainerImages } from './trainer-image.ts';

export const CAMPAIGN_NAMESPACE = 'anneal';
const STORE_SECRET = 'anneal-store';
const TOKEN_SECRET = 'anneal-policy';

export interface ReadyForCampaigns {
  /** What `./anneal up` and every later command read. */
  readonly environment: Readonly<Record<string, string>>;
  /** A file of `export` lines with the same. */
  readonly file: string;
}

/** Harmless when done again. @throws AnnealError `testbed.*` */
export async function prepareCampaigns(testbed: Testbed, onProgress: OnProgress): Promise<ReadyForCampaigns> {
  const { layout, api } = testbed;
  const state = readState(layout);
  if (state === undefined || !['kubelet', 'store'].every((part) => state.parts.some((one) => one === part))) {
    throw failure('testbed.not_running', 'campaigns need the parts kubelet and store: npm run testbed -- up');
  }
  const facts = storeFacts(createSetup(layout, state));
  const token = await policyToken(layout);
  await api.apply(`/api/v1/namespaces/${CAMPAIGN_NAMESPACE}`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: CAMPAIGN_NAMESPACE },
  });
  await secret(testbed, STORE_SECRET, { AWS_ACCESS_KEY_ID: facts.access, AWS_SECRET_ACCESS_KEY: facts.secret });
  await secret(testbed, TOKEN_SECRET, { token });
  await loadTrainerImages(testbed, loadConfig({ environment: {} }), onProgress);
  const environment = environmentOf(testbed, facts);
  const file = join(layout.run, 'campaigns.env');
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
  return { environment, file };
}

function environmentOf({ layout, kubeconfig }: Testbed, facts: StoreFacts): Record<string, string> {
  return {
    ANNEAL_COMPUTE: 'kubernetes',
    ANNEAL_STORE: `s3://${BUCKET}/campaigns?endpoint=${facts.endpoint}&region=us-east-1`,
    ANNEAL_KUBECONFIG: kubeconfig,
    ANNEAL_KUBE_NAMESPACE: CAMPAIGN_NAMESPACE,
    ANNEAL_KUBE_STORE_SECRET: STORE_SECRET,
    ANNEAL_KUBE_TOKEN_SECRET: TOKEN_SECRET,
    ANNEAL_POLICY_TOKEN_FILE: tokenPath(layout),
    AWS_ACCESS_KEY_ID: facts.access,
    AWS_SECRET_ACCESS_KEY: facts.secret,
  };
}

const tokenPath = (layout: Layout): string => join(layout.run, 'policy.token');

async function policyToken(layout: Layout): Promise<string> {
  const path = tokenPath(layout);
  if (!existsSync(path)) await writeFile(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

function secret({ api }: Testbed, name: string, stringData: Record<string, string>): Promise<unknown> {
  const metadata = { name, namespace: CAMPAIGN_NAMESPACE };
  return api.apply(`/api/v1/namespaces/${CAMPAIGN_NAMESPACE}/secrets/${name}`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData,
  });
}

/** Images of the packages that the checkout's own environment holds. */
export async function loadTrainerImages(testbed: Testbed, config: Config, onProgress: OnProgress): Promise<void> {
  await ensureVenv(config, await findPython(config), ({ step, detail }) => onProgress(`${step}: ${detail ?? ''}`));
  onProgress('images of trainer and policy server, from this checkout');
  await loadImages(testbed, await ensureTrainerImages(config.paths.venvPython, config.paths.trainer));
}
