// Webhook configurations that name a Service, which a controller outside of the cluster has not, become ones that name its URL.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Api } from './api.ts';
import { manifestsOf } from './binaries.ts';
import type { ControllerName } from './controllers.ts';
import type { Layout } from './options.ts';

const webhook = z.looseObject({
  name: z.string(),
  clientConfig: z.looseObject({ service: z.looseObject({ path: z.string() }) }),
});
const configuration = z.looseObject({
  kind: z.enum(['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']),
  webhooks: z.array(webhook),
});

/** Of all pods these webhooks are asked about those of their own kind only, as in what the projects release. */
const POD_LABEL: Readonly<Partial<Record<ControllerName, string>>> = {
  jobset: 'jobset.sigs.k8s.io/jobset-name',
  lws: 'leaderworkerset.sigs.k8s.io/name',
};
const POD_WEBHOOKS = ['mpod.kb.io', 'vpod.kb.io'];

/** What a webhook or a conversion is told to call. */
export async function clientConfig(layout: Layout, port: number, path: string): Promise<object> {
  const authority = await readFile(join(layout.pki, 'ca.crt'));
  return { url: `https://127.0.0.1:${port}${path}`, caBundle: authority.toString('base64') };
}

/** Call it when the controller serves: from then on nothing of its kind is created without it. */
export async function installWebhooks(api: Api, layout: Layout, name: ControllerName, port: number): Promise<void> {
  for (const document of parseAllDocuments(await readFile(manifestsOf(name).webhooks, 'utf8'))) {
    const parsed = configuration.safeParse(document.toJS());
    if (!parsed.success) continue;
    const { kind, webhooks } = parsed.data;
    const rewritten = webhooks.map(async (one) => ({
      ...one,
      clientConfig: await clientConfig(layout, port, one.clientConfig.service.path),
      ...(POD_WEBHOOKS.includes(one.name) ? podSelector(name) : {}),
      timeoutSeconds: 10,
    }));
    const plural = `${kind.toLowerCase()}s`;
    const object = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name },
      webhooks: await Promise.all(rewritten),
    };
    await api.apply(`/apis/admissionregistration.k8s.io/v1/${plural}/${name}`, object);
  }
}

function podSelector(name: ControllerName): object {
  const label = POD_LABEL[name];
  if (label !== undefined) return { objectSelector: { matchExpressions: [{ key: label, operator: 'Exists' }] } };
  const system = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', `${name}-system`] };
  return { namespaceSelector: { matchExpressions: [system] } };
}
