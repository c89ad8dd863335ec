// One watcher of pods in a process of its own, so that CPU and memory are its own: forked with WHO KUBECONFIG NAMESPACE.
// Answers a message with its figures, after a collection when that is asked for.
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { pod } from '../k8s/cluster/objects.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { pathOf } from '../k8s/cluster/workloads.ts';
import { startInformer } from '../k8s/watch/informer.ts';
import { tellFigures } from './k8s-figures.ts';

export interface Watched {
  readonly known: number;
  readonly events: number;
}

const [who, kubeconfig = '', namespace = ''] = process.argv.slice(2);
let events = 0;
const count = (): void => {
  events += 1;
};
const on = { added: count, changed: count, deleted: count };
const known = who === 'ours' ? watchOurs() : watchWithLibrary();

function watchOurs(): () => number {
  const cluster = openCluster({ kubeconfig });
  const informer = startInformer({ cluster, path: pathOf('Pod', namespace), schema: pod, on });
  return () => informer.size;
}

/** As its own examples have it. */
function watchWithLibrary(): () => number {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const informer = makeInformer(config, pathOf('Pod', namespace), () => api.listNamespacedPod({ namespace }));
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, count);
  informer.on('error', (failure) => {
    throw failure;
  });
  void informer.start();
  return () => informer.list(namespace).length;
}

tellFigures(() => ({ known: known(), events }) satisfies Watched);
