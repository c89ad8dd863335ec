import { describe, expect, test } from 'vitest';
import { imageName, kubernetesName, kubernetesQuantity, labelKey, objectName, resourceName } from './kubernetes.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const FORMS = {
  quantity: [kubernetesQuantity, ['64Gi', '500m', '1.5T', '8'], ['64 Gi', '64GB', '', 'Gi', 64]],
  name: [kubernetesName, ['gpu', 'team-a', '8'], ['GPU queue!', 'gpu-', '-gpu', 'a.b', '', 'a'.repeat(64)]],
  object: [objectName, ['anneal-training', 'models.v2'], ['Anneal_Training', 'a..b', 'a-', 'a b', '']],
  image: [
    imageName,
    [
      ...['trainer', 'anneal/trainer-cpu:0.1', 'localhost:5000/a', 'testbed.slow/5s/trainer:1', 'a__b/c---d'],
      ...['Registry.example.com:443/team/vllm_x:v1.0-CUDA', `ghcr.io/org/image@${DIGEST}`, `a/b:1@${DIGEST}`],
    ],
    ['not an image:: name', 'a/Trainer:1', 'a:', 'a:b:c', 'https://a/b', 'a/', `a@${DIGEST}0`, 'a ', ''],
  ],
  resource: [
    resourceName,
    ['nvidia.com/gpu', 'rdma/ib', 'nvidia.com/mig-1g.5gb'],
    ['nvidia gpu', 'gpu', 'nvidia.com/', '/gpu', 'a/b/c', ''],
  ],
  label: [labelKey, ['rack', 'topology.kubernetes.io/rack'], ['a rack', 'a/b/c', 'a/', '-a']],
} as const;

describe.each(Object.entries(FORMS))('%s', (_name, [schema, right, wrong]) => {
  test.each([...right])('%j is one', (text) => {
    expect(schema.safeParse(text).success).toBe(true);
  });
  test.each([...wrong])('%j is none', (text) => {
    expect(schema.safeParse(text).success).toBe(false);
  });
});
