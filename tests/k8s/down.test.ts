// A stack that stops leaves pods behind: `down` names them, `down --purge` ends those that nobody else goes on with, and no others.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDocuments } from '../../activities/read.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { profileName } from '../../contracts/names.ts';
import { type Config, loadConfig } from '../../infra/config.ts';
import { noteClusterCampaign } from '../../infra/stack/cluster-campaigns.ts';
import { prepareHome } from '../../infra/stack/home.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createWorkloads, type Workloads } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { ownerName, serverName } from '../../k8s/names.ts';
import { ensureOwner } from '../../k8s/owner.ts';
import { openCompute } from '../../worker/compute.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';

const NAMESPACE = 'team-down';
const OURS = 's3://anneal/team-a';
const TOKEN = 'a-token-of-policy-servers';
const named = (name: string): CampaignName => campaignName.parse(name);

describe.skipIf(!isBuilt([]))('a stack that stops', () => {
  let on: TestCluster;
  let workloads: Workloads;
  let dir: string;

  beforeAll(async () => {
    [on, dir] = await Promise.all([shareTestCluster(), mkdtemp(join(tmpdir(), 'anneal-down-'))]);
    await on.namespace(NAMESPACE);
    workloads = createWorkloads(on.cluster);
    const body = { metadata: { name: 'anneal-policy' }, stringData: { token: TOKEN } };
    await on.cluster.ask({ method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/secrets`, body });
    await writeFile(join(dir, 'token'), TOKEN);
  }, 120_000);
  afterAll(async () => {
    await on?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  const configOf = (home: string, over: Readonly<Record<string, string>> = {}): Config =>
    loadConfig({
      environment: {
        ...{ ANNEAL_HOME: join(dir, home), ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: `${OURS}?region=none` },
        ...{ ANNEAL_KUBECONFIG: on.testbed.kubeconfig, ANNEAL_KUBE_NAMESPACE: NAMESPACE, ANNEAL_KUBE_WORKLOAD: 'job' },
        ...{ ANNEAL_POLICY_TOKEN_FILE: join(dir, 'token'), ANNEAL_STACK_PID: '1', ANNEAL_STACK_START: '1', ...over },
      },
    });

  /** A worker of that home opens the campaign's servers, and is gone. */
  async function begin(campaign: CampaignName, config: Config): Promise<void> {
    const store = createFolderStore(join(dir, 'store'));
    await store.createNamed(profileName(campaign), JSON.stringify(await loadProfile('cpu')));
    const watching = { startEnv: () => ({}), watched: <Client>(one: Client) => one };
    const { fleet, close } = await openCompute(config, store, createDocuments(store), watching);
    const killed = new AbortController();
    const opening = fleet!.open(campaign, killed.signal, () => undefined).catch((failure: unknown) => failure);
    await expect.poll(() => has('Deployment', serverName(campaign)), { timeout: 60_000 }).toBe(true);
    killed.abort();
    await opening;
    await close();
  }

  async function train(campaign: CampaignName): Promise<void> {
    const labels = { 'app.kubernetes.io/managed-by': 'anneal', 'anneal.dev/campaign': campaign };
    const container = { name: 'trainer', image: 'anneal.testbed/none:1' };
    await workloads.create({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: `${campaign}-r1-train-a1`, namespace: NAMESPACE, labels },
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [container] } } },
    });
  }

  const has = async (kind: string, name: string): Promise<boolean> => {
    const found = await workloads.read(kind, NAMESPACE, name);
    return found !== undefined && found.metadata.deletionTimestamp === undefined;
  };

  /** Without any variable but the home's: what it works on stands in it. */
  async function anneal(home: string, ...argv: string[]) {
    const kept = Object.entries(process.env).filter(([name]) => !/^(ANNEAL|AWS)_/.test(name));
    const env = { ...Object.fromEntries(kept), ANNEAL_HOME: join(dir, home), NO_COLOR: '1' };
    const child = spawn(join(loadConfig().repo, 'anneal'), argv, { env });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, ...said };
  }

  test('names what runs; purged, ends what only its home knew, and nothing else', { timeout: 180_000 }, async () => {
    const [burning, elsewhere] = [named('burning'), named('elsewhere')];
    const config = configOf('home');
    await prepareHome(config);
    await begin(burning, config);
    await train(burning);
    await begin(elsewhere, configOf('home', { ANNEAL_TEMPORAL: 'temporal.example:7233' }));
    // Of another home with the same bucket, and of another deployment.
    await begin(named('neighbour'), configOf('another'));
    await ensureOwner(workloads, NAMESPACE, 'theirs', 's3://anneal/team-b');
    await train(named('theirs'));
    await noteClusterCampaign(config, named('theirs'), NAMESPACE);

    const down = await anneal('home', 'down');
    expect([down.code, down.stdout]).toEqual([0, 'The stack was not running.\n']);
    expect(down.stderr).toContain(
      `burning in namespace ${NAMESPACE} (Job burning-r1-train-a1, Deployment burning-policy)`,
    );
    expect(down.stderr).toContain(`elsewhere in namespace ${NAMESPACE} (Deployment elsewhere-policy)`);
    for (const other of ['neighbour', 'theirs']) expect(down.stderr).not.toContain(other);
    expect(await has('Deployment', serverName(burning))).toBe(true);

    const purged = await anneal('home', 'down', '--purge');
    expect([purged.code, purged.stderr]).toEqual([0, expect.stringContaining('Ended on the cluster: burning')]);
    expect(purged.stderr).toContain('./anneal cancel elsewhere --temporal temporal.example:7233');
    expect(existsSync(join(dir, 'home'))).toBe(false);
    for (const [kind, name] of [
      ['Job', 'burning-r1-train-a1'],
      ['Deployment', serverName(burning)],
      ['ConfigMap', ownerName(burning)],
    ] as const)
      await expect.poll(() => has(kind, name), { timeout: 60_000, message: name }).toBe(false);
    for (const name of ['elsewhere', 'neighbour']) expect(await has('Deployment', serverName(named(name)))).toBe(true);
    for (const name of ['elsewhere', 'neighbour', 'theirs']) expect(await has('ConfigMap', ownerName(name))).toBe(true);
    expect(await has('Job', 'theirs-r1-train-a1')).toBe(true);
  });

  test('says what is left, and how to remove it, where the cluster does not answer', { timeout: 120_000 }, async () => {
    const silent = join(dir, 'silent.kubeconfig');
    const text =
      "{ clusters: [{ name: a, cluster: { server: 'http://127.0.0.1:1' } }], contexts: [{ name: a, context: { cluster: a, user: a } }], users: [{ name: a, user: {} }], current-context: a }";
    await writeFile(silent, text);
    const config = configOf('silent', { ANNEAL_KUBECONFIG: silent });
    await prepareHome(config);
    for (const name of ['first', 'second']) await noteClusterCampaign(config, named(name), NAMESPACE);
    expect((await anneal('silent', 'down')).stderr).toContain(
      'Whether first, second still runs on the cluster is not known',
    );
    const { code, stderr } = await anneal('silent', 'down', '--purge');
    const selector = "'app.kubernetes.io/managed-by=anneal,anneal.dev/campaign in (first, second)'";
    const command = `kubectl --kubeconfig ${silent} --namespace ${NAMESPACE} delete configmap --selector ${selector}`;
    expect([code, stderr]).toEqual([5, expect.stringContaining(command)]);
    expect(stderr).toContain(OURS);
    expect(existsSync(join(dir, 'silent'))).toBe(false);
  });
});
