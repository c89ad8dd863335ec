// A testbed: a Kubernetes of its own in a folder of its own, for as long as a test or a developer needs it.
import { mkdir, rm } from 'node:fs/promises';
import { identityOf } from '../../infra/process/identity.ts';
import { type Api, type ClientFacts, createApi } from './api.ts';
import { ensureBinaries, ensureBinary } from './binaries.ts';
import { type Component, endProcess, startComponent } from './component.ts';
import { controlPlane } from './control-plane.ts';
import { controllers, installKinds } from './controllers.ts';
import { failure } from './failure.ts';
import { endKeeper, startKeeper } from './keeper.ts';
import { kwok } from './kwok.ts';
import { withLock } from './lock.ts';
import { realNode } from './node.ts';
import { ensureNodePrograms } from './node-programs.ts';
import { claimNetwork } from './node-space.ts';
import { type Layout, layoutOf, PARTS, type Part, type TestbedOptions } from './options.ts';
import { clientFacts, ensurePki, nodeNameOf } from './pki.ts';
import type { BinaryName } from './programs.ts';
import { choosePorts, createSetup, type Setup } from './setup.ts';
import { readState, running, type TestbedState, writeState } from './state.ts';
import { type ComponentStatus, statusOf } from './status.ts';
import { ensureStoreSecret, store } from './store.ts';
import { tearDown } from './teardown.ts';
import { trainerArchive } from './trainer-image.ts';

export interface Testbed {
  readonly layout: Layout;
  /** The administrator's. */
  readonly kubeconfig: string;
  readonly client: ClientFacts;
  readonly api: Api;
  /** The real node's name; it exists with the part `kubelet`. */
  readonly nodeName: string;
  status(): ComponentStatus[];
  /** Ends one component and leaves it dead. */
  kill(component: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts what was killed; resolves when it serves. */
  start(component: string): Promise<void>;
  restart(component: string): Promise<void>;
  /** Leaves no process, mount, network interface or cgroup behind, and no state; logs stay. */
  stop(): Promise<void>;
}

const NEEDED: Readonly<Record<Part, readonly BinaryName[]>> = {
  'control-plane': ['pki', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  kubelet: ['pause', 'forward', 'kubelet'],
  kwok: ['kwok'],
  jobset: ['jobset'],
  lws: ['lws'],
  kueue: ['kueue'],
  store: ['versitygw'],
};

/** What the parts are made of, in the order of their builds. */
export function binariesOf(parts: readonly Part[]): BinaryName[] {
  return PARTS.filter((part) => part === 'control-plane' || parts.includes(part)).flatMap((part) => [...NEEDED[part]]);
}

/**
 * Starts what does not run yet; a testbed that is up already is mended and gets the parts that it lacks.
 * @throws AnnealError `testbed.*`
 */
export async function startTestbed(options: TestbedOptions): Promise<Testbed> {
  let layout = layoutOf(options.dir);
  const onProgress = options.onProgress ?? (() => {});
  const wanted = PARTS.filter((part) => part === 'control-plane' || (options.parts ?? []).includes(part));
  await ensureBinaries(binariesOf(wanted), onProgress);
  if (wanted.includes('kubelet')) await ensureNodePrograms(onProgress);
  return withLock(layout.dir, async () => {
    const before = readState(layout);
    // Without its state nothing of an earlier one can be told from ours.
    if (before === undefined) await rm(layout.run, { recursive: true, force: true });
    await mkdir(layout.run, { recursive: true, mode: 0o700 });
    const state: TestbedState = {
      schema: 'anneal/testbed/v1',
      parts: PARTS.filter((part) => wanted.includes(part) || before?.parts.includes(part)),
      heartbeatSeconds: options.heartbeatSeconds ?? before?.heartbeatSeconds ?? 5,
      ports: await choosePorts(before?.ports),
      processes: before?.processes ?? [],
    };
    await writeState(layout, state);
    // Written down first: whoever ends it removes the network with it, whenever this process dies.
    if (before === undefined && wanted.includes('kubelet')) layout = await claimNetwork(layout);
    const { lifetime = 'process' } = options;
    if (lifetime === 'detached') await endKeeper(layout);
    else await startKeeper(layout, lifetime === 'process' ? identityOf(process.pid) : lifetime);
    const setup = createSetup(layout, state, options.images ?? (await trainerArchive()));
    await ensureStoreSecret(layout);
    await ensurePki(layout, await ensureBinary('pki'), setup.port('kube-apiserver'));
    const testbed = open(layout, setup);
    try {
      await startAll(testbed, setup, onProgress);
    } catch (cause) {
      testbed.api.close();
      // Mending must not end what ran before.
      if (before === undefined) await tearDown(layout);
      throw cause;
    }
    return testbed;
  });
}

/** One that another process started. @throws AnnealError `testbed.not_running` */
export function openTestbed(dir: string): Testbed {
  const layout = layoutOf(dir);
  const state = readState(layout);
  if (state === undefined) throw failure('testbed.not_running', `there is no testbed in ${layout.dir}`);
  return open(layout, createSetup(layout, state));
}

function open(layout: Layout, setup: Setup): Testbed {
  const client = clientFacts(layout, setup.port('kube-apiserver'));
  const api = createApi(client);
  const find = (name: string): Component => {
    const found = lanes(setup, () => api)
      .flat(2)
      .find((one) => one.name === name);
    if (found === undefined) throw failure('testbed.not_running', `this testbed has no component ${name}`);
    return found;
  };
  const kill = async (name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const process = running(readState(layout), find(name).name);
    if (process !== undefined) await endProcess(process, signal);
  };
  return {
    layout,
    kubeconfig: layout.kubeconfig,
    client,
    api,
    nodeName: nodeNameOf(layout),
    status: () => statusOf(layout),
    kill,
    start: (name) => startComponent(layout, find(name)),
    async restart(name) {
      await kill(name);
      await startComponent(layout, find(name));
    },
    async stop() {
      api.close();
      await withLock(layout.dir, () => tearDown(layout));
    },
  };
}

/** Steps follow each other; the lanes of a step run side by side, the components of a lane one after the other. */
function lanes(setup: Setup, api: () => Api): Component[][][] {
  const [etcd, apiServer, ...others] = controlPlane(setup);
  return [
    [[etcd, apiServer].filter((one) => one !== undefined)],
    [
      ...others.map((one) => [one]),
      ...(setup.parts.includes('kubelet') ? [realNode(setup, api)] : []),
      ...(setup.parts.includes('kwok') ? [kwok(setup)] : []),
      ...controllers(setup, api).map((one) => [one]),
    ],
    // It listens in the node's network.
    setup.parts.includes('store') ? [[store(setup)]] : [],
  ];
}

async function startAll(testbed: Testbed, setup: Setup, onProgress: (line: string) => void): Promise<void> {
  for (const [index, step] of lanes(setup, () => testbed.api).entries()) {
    if (index === 1) await installKinds(setup, testbed.api);
    const started = await Promise.allSettled(
      step.map(async (lane) => {
        for (const component of lane) {
          const began = performance.now();
          const alive = running(readState(testbed.layout), component.name) !== undefined;
          await startComponent(testbed.layout, component);
          if (!alive)
            onProgress(`${component.name}: ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
        }
      }),
    );
    // All of a step have ended one way or the other before anything is torn down.
    for (const one of started) if (one.status === 'rejected') throw one.reason;
  }
}
