// kwok: nodes that are only objects, and pods on them that live by stages/*.yaml.
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { answers } from './api.ts';
import type { Component } from './component.ts';
import { STAGES } from './paths.ts';
import { kubeconfigOf } from './pki.ts';
import type { Setup } from './setup.ts';

/** kwok keeps the nodes that have this label. Without it a node is lost as a real one is: nobody speaks for it any more. */
export const KWOK_LABEL = { name: 'type', value: 'kwok' } as const;

export function kwok(setup: Setup): Component[] {
  const { layout, port, binary, heartbeatSeconds } = setup;
  const address = `http://127.0.0.1:${port('kwok')}`;
  const config = join(layout.run, 'kwok.yaml');
  const stages = readdirSync(STAGES)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `--config=${join(STAGES, name)}`);
  return [
    {
      name: 'kwok',
      address,
      argv: [
        binary('kwok'),
        `--config=${config}`,
        ...stages,
        `--kubeconfig=${kubeconfigOf(layout, 'controllers')}`,
        ...['--manage-all-nodes=false', `--manage-nodes-with-label-selector=${KWOK_LABEL.name}=${KWOK_LABEL.value}`],
        `--server-address=127.0.0.1:${port('kwok')}`,
        ...['--node-ip=127.0.0.1', `--node-port=${port('kwok')}`, '--cidr=10.213.0.0/16'],
        `--node-lease-duration-seconds=${Math.max(4, Math.round(4 * heartbeatSeconds))}`,
      ],
      prepare: () =>
        writeFile(
          config,
          stringify({
            apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
            kind: 'KwokConfiguration',
            options: {
              podPlayStageParallelism: 32,
              nodePlayStageParallelism: 16,
              nodeLeaseParallelism: 16,
              podsOnNodeSyncParallelism: 32,
            },
          }),
        ),
      ready: () => answers(`${address}/healthz`),
    },
  ];
}
