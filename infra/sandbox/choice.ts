// Which sandbox a process judges in: bubblewrap on its own machine, or pods where the deployment says so.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { Problem } from '../../contracts/errors.ts';
import type { HarnessSpec } from '../../contracts/harness.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Config } from '../config.ts';
import type { ClusterSettings } from '../deployment.ts';
import { createEnvironments } from '../environments/environments.ts';
import { createBubblewrapSandbox } from './bubblewrap.ts';
import { seccompFilter } from './seccomp.ts';
import type { PodsSetting } from './setting.ts';

export interface PodsChoice extends PodsSetting {
  readonly namespace: string;
  /** Of the deployment's cluster; null: the usual places. */
  readonly kubeconfig: string | null;
  /** Of system calls, as bubblewrap has it. */
  readonly filter: Uint8Array;
}

/** Undefined where sandboxes are not pods. */
export function podsOf({ deployment }: Pick<Config, 'deployment'>): PodsChoice | undefined {
  if (deployment.compute === 'local') return undefined;
  const { sandbox, kubeconfig, namespace }: ClusterSettings = deployment.cluster;
  return sandbox.by === 'pods'
    ? { ...sandbox, namespace: sandbox.namespace ?? namespace, kubeconfig, filter: seccompFilter() }
    : undefined;
}

/** What the sandbox of a deployment cannot give a harness; known before any pod is made. */
export function doorProblems(config: Pick<Config, 'deployment'>, { kind }: Pick<HarnessSpec, 'kind'>): Problem[] {
  if (kind !== 'process' || podsOf(config) === undefined) return [];
  return [
    {
      ...{ code: 'sandbox.unavailable', path: 'harness.kind', got: kind },
      expected: 'single-turn or tool-loop, where ANNEAL_SANDBOX is pods: a pod has no door for an agent',
      hint: 'Write harness.kind: tool-loop, or set ANNEAL_SANDBOX=bubblewrap (docs/harness.md).',
    },
  ];
}

/**
 * @param inPods the adapter by pods, which lies beyond what this folder may import
 * @param store that root file systems of tasks come from
 */
export function chooseSandbox(
  config: Pick<Config, 'deployment' | 'python' | 'environments'>,
  inPods: (pods: PodsChoice) => Sandbox,
  store: Pick<ArtifactStore, 'getFile'>,
): Sandbox {
  const pods = podsOf(config);
  if (pods !== undefined) return inPods(pods);
  const { python, environments } = config;
  return createBubblewrapSandbox({
    rootOf: createEnvironments(environments, store).folderOf,
    ...(python === undefined ? {} : { pythonPath: python }),
  });
}
