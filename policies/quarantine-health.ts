// What a node's taints and conditions say of its health. The names are those of Kubernetes itself, of NVSentinel and DCGM's exporters, and
// of the node agents of large clouds.

export const NODE_TROUBLES = ['not_ready', 'unreachable', 'accelerator_health'] as const;

/** What was seen of a node. */
export interface SeenNode {
  readonly name: string;
  readonly taints: readonly { readonly key: string; readonly effect: string }[];
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

export interface NodeTrouble {
  readonly reason: (typeof NODE_TROUBLES)[number];
  /** The taint or the condition. */
  readonly detail: string;
}

const NODE_TAINTS: Readonly<Record<string, NodeTrouble['reason']>> = {
  'node.kubernetes.io/not-ready': 'not_ready',
  'node.kubernetes.io/unreachable': 'unreachable',
  'node.kubernetes.io/out-of-service': 'unreachable',
};

/**
 * AggregatedNodeHealth, gpu.health/…, nvidia.com/gpu-error and the like. Not `nvidia.com/gpu`, by which a healthy node keeps those away
 * who need no GPU.
 */
const ACCELERATOR_TAINT =
  /^AggregatedNodeHealth$|^gpu[.-]health\b|nvsentinel|dcgm|\bxid\b|(gpu|nvidia|accelerator).*(error|fault|fail|unhealthy|degraded|fatal)/i;

/** GpuXidError, GPUMissing, NVLinkStatusInactive, IBLinkFlapping, SysLogsXIDError, AcceleratedHardwareReady, … */
const ACCELERATOR_CONDITION = /gpu|nvlink|nvswitch|xid|dcgm|accelerat|infiniband|^IB(?=[A-Z])/i;
/** Most conditions name a fault and are true when there is one; these name the absence of faults. */
const NAMES_HEALTH = /(ready|healthy|ok)$/i;

/** Nothing for a healthy node. One of each reason at most. */
export function troublesOf(node: SeenNode): NodeTrouble[] {
  const found = new Map<NodeTrouble['reason'], string>();
  const note = (reason: NodeTrouble['reason'], detail: string): void => {
    if (!found.has(reason)) found.set(reason, detail);
  };
  for (const { key, effect } of node.taints) {
    const reason = NODE_TAINTS[key] ?? (ACCELERATOR_TAINT.test(key) ? 'accelerator_health' : undefined);
    if (reason !== undefined && effect !== 'PreferNoSchedule') note(reason, `taint ${key}`);
  }
  for (const { type, status, reason } of node.conditions) {
    const said = `condition ${type} is ${status}${reason === '' ? '' : `: ${reason}`}`;
    if (type === 'Ready' && status === 'False') note('not_ready', said);
    if (type === 'Ready' && status === 'Unknown') note('unreachable', said);
    // Unknown is no news: an agent that was never started says it for ever.
    const fault = NAMES_HEALTH.test(type) ? 'False' : 'True';
    if (ACCELERATOR_CONDITION.test(type) && status === fault) note('accelerator_health', said);
  }
  return [...found].map(([reason, detail]) => ({ reason, detail }));
}
