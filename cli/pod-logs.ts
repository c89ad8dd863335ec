// Logs of what runs in pods: a campaign's trainings, and its policy servers.
import { once } from 'node:events';
import type { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { openCluster } from '../k8s/cluster/request.ts';
import { serverLabels } from '../k8s/manifests/server.ts';
import { followPods, podsOf, readPod } from '../k8s/watch/pods-log.ts';
import { followTrainingLog, readTrainingLog, type TrainingLine } from '../k8s/watch/training-log.ts';
import { nothingToTell } from './nothing-to-tell.ts';
import type { Session } from './session.ts';

export interface PodLogs {
  read(): AsyncIterable<TrainingLine>;
  /** Every line once, over reconnections and restarts, until the signal. */
  follow(signal: AbortSignal): AsyncIterable<TrainingLine>;
}

/** Undefined for what has its logs on this machine. */
export function podLogsOf(session: Session, campaign: CampaignName, part: string | undefined): PodLogs | undefined {
  const { deployment } = session.config;
  if (deployment.compute !== 'kubernetes' || (part !== undefined && part !== 'policy')) return undefined;
  const { kubeconfig, namespace } = deployment.cluster;
  const cluster = openCluster({ kubeconfig: kubeconfig ?? undefined, patienceMs: 5_000 });
  const of = { cluster, store: session.store, namespace, campaign, onGap: note, onTrouble: noteOnce() };
  if (part === undefined) {
    return { read: () => readTrainingLog(of), follow: (signal) => followTrainingLog(of, signal) };
  }
  const source = { namespace, labels: serverLabels(campaign), container: 'server' };
  return {
    async *read() {
      for (const pod of await podsOf(cluster, source)) {
        for (const text of await readPod(cluster, source, pod)) yield { source: pod.metadata.name, text };
      }
    },
    async *follow(signal) {
      const options = { ...of, signal, isOver: async () => false };
      for await (const { pod, text } of followPods(cluster, source, options)) yield { source: pod.metadata.name, text };
    },
  };
}

export async function followPodLogs(
  session: Session,
  logs: PodLogs,
  { campaign, part, follow }: { campaign: CampaignName; part?: string; follow?: boolean },
): Promise<void> {
  if (session.json) {
    const all = new Map<string, string[]>();
    for await (const { source, text } of logs.read()) {
      const lines = all.get(source) ?? [];
      lines.push(text);
      all.set(source, lines);
    }
    if (all.size === 0) throw nothingToTell(campaign, part);
    const written = [...all].map(([name, lines]) => ({ name, lines }));
    process.stdout.write(`${JSON.stringify({ campaign, source: part ?? 'training', logs: written })}\n`);
    return;
  }
  // Whoever follows ends it by ending the process.
  const lines = follow === true ? logs.follow(new AbortController().signal) : logs.read();
  let last: string | undefined;
  for await (const { source, text } of lines) {
    const header = source === last ? '' : `==> ${source} <==\n`;
    last = source;
    if (!process.stdout.write(`${header}${text}\n`)) await once(process.stdout, 'drain');
  }
  if (last === undefined) throw nothingToTell(campaign, part);
}

const note = (what: string): void => void process.stderr.write(`${what}\n`);

/** While an API server is away, the same trouble comes every few seconds. */
function noteOnce(): (trouble: AnnealError) => void {
  let last = '';
  return ({ code, message }) => {
    if (code !== last) note(`${message} [${code}]`);
    last = code;
  };
}
