// One process that waits for jobs as a worker does, looking at each every three seconds: forked with WAY KUBECONFIG NAMESPACE STORE JOB….
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchV1Api, CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { type JobName, jobName } from '../contracts/ids.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { pathOf } from '../k8s/cluster/workloads.ts';
import { JOB } from '../k8s/labels.ts';
import { attemptName } from '../k8s/names.ts';
import { createPodWatch } from '../k8s/runner/pod-watch.ts';
import { createKubernetesJobRunner } from '../k8s/runner/runner.ts';
import { tellFigures } from './k8s-figures.ts';

const [way, kubeconfig = '', namespace = '', folder = '', ...names] = process.argv.slice(2);
const jobs = names.map((name) => jobName.parse(name));
const lookMs = 3_000;
let looks = 0;

/** What it says of a job: `running`, or something else that a benchmark does not want. */
type Look = (name: JobName) => Promise<string>;

function throughRunner(watches: boolean): Look {
  const cluster = openCluster({ kubeconfig });
  const runner = createKubernetesJobRunner({
    ...{
      cluster,
      namespace,
      workload: 'job',
      store: createFolderStore(folder),
      access: { address: 's3://bench/bench' },
    },
    profileOf: () => Promise.reject(new Error('nothing is begun here')),
    ...(watches ? { watch: createPodWatch({ cluster, namespace }) } : {}),
  });
  return async (name) => {
    const state = await runner.state(name);
    return state.phase === 'running' ? (state.waiting ?? 'running') : JSON.stringify(state);
  };
}

/** The job is read at each look there too: its pods alone do not say that it has ended. */
function throughLibrary(): Look {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [core, batch] = [config.makeApiClient(CoreV1Api), config.makeApiClient(BatchV1Api)];
  const informers = new Map(
    jobs.map((name) => {
      const labelSelector = `${JOB}=${name}`;
      const list = () => core.listNamespacedPod({ namespace, labelSelector });
      const informer = makeInformer(config, pathOf('Pod', namespace), list, labelSelector);
      informer.on('error', (failure) => {
        throw failure;
      });
      return [name, { informer, started: informer.start() }];
    }),
  );
  return async (name) => {
    const { informer, started } = informers.get(name)!;
    await started;
    const job = await batch.readNamespacedJob({ namespace, name: attemptName(name, 1) });
    const over = job.status?.conditions?.find(({ type, status }) => /Complete|Failed/.test(type) && status === 'True');
    const phases = informer.list(namespace).map((pod) => pod.status?.phase ?? '');
    return over?.type ?? phases.find((phase) => phase !== 'Running') ?? (phases.length === 0 ? 'none' : 'running');
  };
}

const look = way === 'client-node' ? throughLibrary() : throughRunner(way === 'ours');
for (const [index, name] of jobs.entries()) void wait(name, (index * lookMs) / jobs.length);
tellFigures(() => ({ looks }));

async function wait(name: JobName, afterMs: number): Promise<void> {
  for (await sleep(afterMs); ; await sleep(lookMs)) {
    const said = await look(name);
    if (said !== 'running') throw new Error(`${name}: ${said}`);
    looks += 1;
  }
}
