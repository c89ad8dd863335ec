// Helm itself, with settings of its own: nothing of the user's is read or written.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { childEnvironment } from '../../infra/config.ts';
import { type Captured, capture } from '../../infra/process/capture.ts';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';

export const CHART = fileURLToPath(new URL('../../infra/helm/anneal', import.meta.url));
/** When it was built (`npm run test:k8s`), else undefined: then tests are skipped. */
export const helmBinary = (): string | undefined => cachedBinary('helm');

const rendered = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Rendered = z.infer<typeof rendered>;

export interface Container {
  readonly name: string;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: object;
  readonly resources: { readonly limits: object };
}
export interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}
export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: PodSpec;
}

/** Of a Deployment or a StatefulSet. */
export function templateOf({ spec }: Rendered): PodTemplate | undefined {
  return typeof spec === 'object' && spec !== null && 'template' in spec ? (spec.template as PodTemplate) : undefined;
}

export interface Helm {
  run(args: readonly string[]): Promise<Captured>;
  /** The arguments that name a file with these values. */
  values(values: object): Promise<string[]>;
  /** What `helm template` prints, or an error with what it says. */
  template(values: object, args?: readonly string[]): Promise<Rendered[]>;
  close(): Promise<void>;
}

export async function openHelm(kubeconfig?: string): Promise<Helm> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-helm-'));
  let count = 0;
  const env = childEnvironment({
    HELM_CACHE_HOME: join(folder, 'cache'),
    HELM_CONFIG_HOME: join(folder, 'config'),
    HELM_DATA_HOME: join(folder, 'data'),
    KUBECONFIG: kubeconfig ?? join(folder, 'none'),
  });
  const run = (args: readonly string[]): Promise<Captured> =>
    capture([helmBinary() ?? 'helm', ...args], { env, timeoutMs: 300_000 });
  const values = async (given: object): Promise<string[]> => {
    const path = join(folder, `values-${count++}.json`);
    await writeFile(path, JSON.stringify(given));
    return ['--values', path];
  };
  return {
    run,
    values,
    async template(given, args = []) {
      const file = await values(given);
      const { code, stdout, stderr } = await run(['template', 'anneal', CHART, '-n', 'control', ...file, ...args]);
      if (code !== 0) throw new Error(stderr);
      return parseAllDocuments(stdout)
        .map((document) => document.toJS() as unknown)
        .filter((document) => document !== null)
        .map((document) => rendered.parse(document));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
