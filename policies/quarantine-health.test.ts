import { describe, expect, it } from 'vitest';
import { type SeenNode, troublesOf } from './quarantine-health.ts';

const taint = (key: string, effect = 'NoSchedule'): SeenNode => ({
  name: 'n1',
  taints: [{ key, effect }],
  conditions: [],
});
const condition = (type: string, status: string): SeenNode => ({
  name: 'n1',
  taints: [],
  conditions: [{ type, status, reason: 'Why' }],
});

describe('a node says of itself that', () => {
  it.each([
    [taint('node.kubernetes.io/not-ready', 'NoExecute'), 'not_ready'],
    [taint('node.kubernetes.io/unreachable', 'NoExecute'), 'unreachable'],
    [taint('node.kubernetes.io/out-of-service', 'NoExecute'), 'unreachable'],
    [taint('AggregatedNodeHealth'), 'accelerator_health'],
    [taint('nvidia.com/gpu-error', 'NoExecute'), 'accelerator_health'],
    [taint('gpu.health/xid'), 'accelerator_health'],
    [taint('example.com/dcgm-diagnostics'), 'accelerator_health'],
    [condition('Ready', 'False'), 'not_ready'],
    [condition('Ready', 'Unknown'), 'unreachable'],
    [condition('GpuXidError', 'True'), 'accelerator_health'],
    [condition('GpuNvlinkWatch', 'True'), 'accelerator_health'],
    [condition('SysLogsXIDError', 'True'), 'accelerator_health'],
    [condition('GPUMissing', 'True'), 'accelerator_health'],
    [condition('NVLinkStatusInactive', 'True'), 'accelerator_health'],
    [condition('IBLinkFlapping', 'True'), 'accelerator_health'],
    [condition('AcceleratedHardwareReady', 'False'), 'accelerator_health'],
    [condition('GPUHealthy', 'False'), 'accelerator_health'],
  ])('%j is %s', (node, reason) => expect(troublesOf(node).map((one) => one.reason)).toEqual([reason]));

  it.each([
    taint('nvidia.com/gpu'),
    taint('amd.com/gpu'),
    taint('node.kubernetes.io/disk-pressure'),
    taint('node.kubernetes.io/unschedulable'),
    taint('gpu.health/xid', 'PreferNoSchedule'),
    condition('Ready', 'True'),
    condition('GpuXidError', 'False'),
    condition('GpuXidError', 'Unknown'),
    condition('AcceleratedHardwareReady', 'True'),
    condition('AcceleratedHardwareReady', 'Unknown'),
    condition('MemoryPressure', 'True'),
    condition('KernelDeadlock', 'True'),
  ])('%j is well', (node) => expect(troublesOf(node)).toEqual([]));

  it('it is not ready, once, with the first of its words', () => {
    const both = { ...taint('node.kubernetes.io/not-ready'), conditions: condition('Ready', 'False').conditions };
    expect(troublesOf(both)).toEqual([{ reason: 'not_ready', detail: 'taint node.kubernetes.io/not-ready' }]);
  });
});
