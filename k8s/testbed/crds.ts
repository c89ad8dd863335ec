// Custom resource definitions, as the controllers' projects ship them.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Api } from './api.ts';
import { failure } from './failure.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const definition = z.looseObject({
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ versions: z.array(z.looseObject({ name: z.string() })) }),
});
const established = z.looseObject({
  status: z.looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish() }),
});

/**
 * Kinds of Kueue whose versions differ. For its other kinds the webhook refuses to convert: their versions are alike, and only the
 * name of the version is exchanged.
 */
const CONVERTED = ['clusterqueues', 'cohorts', 'localqueues', 'multikueueclusters', 'workloads'].map(
  (plural) => `${plural}.kueue.x-k8s.io`,
);

/** Objects of kinds whose versions differ are converted by `converter`. Resolves when all kinds are served. */
export async function installCrds(api: Api, files: readonly string[], converter: object): Promise<void> {
  const names = await Promise.all(
    files.map(async (file) => {
      const { metadata, spec } = definition.parse(parse(await readFile(file, 'utf8')));
      const conversion = CONVERTED.includes(metadata.name)
        ? { strategy: 'Webhook', webhook: { clientConfig: converter, conversionReviewVersions: ['v1'] } }
        : { strategy: 'None' };
      await api.apply(`${PATH}/${metadata.name}`, {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: metadata.name },
        spec: { ...spec, conversion },
      });
      return metadata.name;
    }),
  );
  await Promise.all(names.map((name) => untilServed(api, name)));
}

async function untilServed(api: Api, name: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(50)) {
    const { status } = established.parse(await api.call('GET', `${PATH}/${name}`));
    if (status.conditions?.some((one) => one.type === 'Established' && one.status === 'True')) return;
  }
  throw failure('testbed.request_failed', `the kind ${name} is not served after 60 s`);
}
