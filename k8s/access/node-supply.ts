// Whether the cluster has the nodes that a profile describes: enough of them, with enough devices. Devices that others use are not
// counted out: a queue, or the scheduler, waits for those.
import { z } from 'zod';
import type { Problem } from '../../contracts/errors.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { Cluster } from '../cluster/request.ts';

export interface NodeNeed {
  /** Its name in the profile. */
  readonly accelerator: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly resource: string;
  /** Devices that one pod asks for. */
  readonly perPod: number;
  readonly nodes: number;
}

/** None of nodes without devices, and none of those that come when they are asked for. */
export function nodeNeeds({ accelerators, trainer, rollout, colocated }: ProfileSpec): NodeNeed[] {
  return Object.entries(accelerators).flatMap(([name, accelerator]): NodeNeed[] => {
    const roles = [trainer, rollout].filter((role) => role.accelerator === name);
    if (accelerator.device === 'cpu' || accelerator.onDemand || roles.length === 0) return [];
    const devices = roles.map(({ nodes, gpusPerNode }) => nodes * gpusPerNode);
    const atOnce = colocated ? Math.max(...devices) : devices.reduce((sum, count) => sum + count, 0);
    return [
      {
        ...{ accelerator: name, labels: accelerator.nodeSelector, resource: accelerator.resource },
        perPod: Math.max(...roles.map(({ gpusPerNode }) => gpusPerNode)),
        // At the least: two roles with a part of a node each may share one.
        nodes: Math.ceil(atOnce / accelerator.perNode),
      },
    ];
  });
}

const node = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ unschedulable: z.boolean().default(false) }).prefault({}),
  status: z.object({ allocatable: z.record(z.string(), z.string()).default({}) }).prefault({}),
});
const page = z.object({
  metadata: z.object({ continue: z.string().optional() }).prefault({}),
  items: z.array(node),
});
const PAGE = 500;

export async function nodeProblems(cluster: Cluster, need: NodeNeed): Promise<Problem[]> {
  const labelSelector = Object.entries(need.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  let [fit, seen] = [0, 0];
  for (let next: string | undefined; ; ) {
    const query = { labelSelector, limit: PAGE, continue: next };
    const { body } = await cluster.ask({ method: 'GET', path: '/api/v1/nodes', query });
    const { items, metadata } = page.parse(body);
    seen += items.length;
    fit += items.filter((one) => isFit(one, need)).length;
    if (fit >= need.nodes) return [];
    if (metadata.continue === undefined || metadata.continue === '') break;
    next = metadata.continue;
  }
  const where = labelSelector === '' ? '' : ` with ${labelSelector}`;
  return [
    {
      code: 'job.unschedulable',
      path: `accelerators.${need.accelerator}`,
      expected: `${need.nodes} nodes${where} that offer ${need.perPod} ${need.resource}`,
      got: `${fit} of the ${seen} nodes${where}`,
      hint: 'Add nodes, choose a smaller profile, or say onDemand: true of the accelerator where nodes come when they are asked for.',
    },
  ];
}

const isFit = ({ spec, status }: z.infer<typeof node>, { resource, perPod }: NodeNeed): boolean =>
  !spec.unschedulable && Number(status.allocatable[resource] ?? 0) >= perPod;
