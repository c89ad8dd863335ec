import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CAMPAIGN, MANAGED_BY } from '../labels.ts';
import { inputsOf } from './inputs.ts';
import { type SandboxPods, type SandboxRun, sandboxInputs, sandboxJob, sandboxPolicy } from './manifest.ts';

const MB = 2 ** 20;
const PODS: SandboxPods = {
  namespace: 'team-a',
  image: 'registry.example/sandbox@sha256:0000',
  runtimeClass: 'gvisor',
  owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-first', uid: 'u-1' },
  cpu: '1',
  mostMemoryBytes: 4_096 * MB,
  ephemeralStorage: '256Mi',
};
const RUN: SandboxRun = {
  name: 'sandbox-0123456789abcdef',
  uid: 123_456,
  nonce: 'f'.repeat(32),
  argv: ['python3', 'run.py', 'a "b"'],
  limits: { wallMs: 20_500, memoryBytes: 256 * MB, diskBytes: 8 * MB, processes: 32, outputBytes: 65_536 },
  fileBytes: 1_000,
  parts: { files: 1, stdin: 2 },
};

interface PodSpec {
  readonly runtimeClassName?: string;
  readonly securityContext: Record<string, unknown>;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Record<string, unknown>[];
  readonly [member: string]: unknown;
}
interface Container {
  readonly name: string;
  readonly securityContext: Record<string, unknown>;
  readonly resources: { readonly limits: Record<string, string> };
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly: boolean; subPath?: string }[];
}
const template = (pods = PODS, run = RUN) =>
  (sandboxJob(pods, run).spec as { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } })
    .template;

test('a run, as a Job', () => {
  expect(sandboxJob(PODS, RUN)).toMatchSnapshot();
});

test('what the restricted standard asks, and no token, no name, no address of the cluster', () => {
  const { spec } = template();
  const all = [...spec.initContainers, ...spec.containers];
  expect(all.map(({ name }) => name)).toEqual(['prepare', 'program', 'collector']);
  for (const { securityContext, resources, volumeMounts } of all) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(Object.keys(resources.limits)).toEqual(expect.arrayContaining(['cpu', 'memory']));
    expect(volumeMounts.every(({ mountPath }) => mountPath.startsWith('/'))).toBe(true);
  }
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false, dnsPolicy: 'None' });
  expect(spec).not.toHaveProperty('hostNetwork');
  expect(JSON.stringify(spec.volumes)).not.toMatch(/hostPath|secret|serviceAccountToken|persistentVolumeClaim/);
  expect(template({ ...PODS, runtimeClass: undefined }).spec.runtimeClassName).toBeUndefined();
  expect(spec.runtimeClassName).toBe('gvisor');
});

test('the program sees neither its standard input’s file nor the collector’s secret', () => {
  const { spec } = template();
  const program = spec.containers.find(({ name }) => name === 'program')!;
  expect(program.volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
    ['/anneal', true],
    ['/pipes', false],
    ['/work', true],
    ['/tmp', false],
  ]);
  expect(JSON.stringify(program)).not.toContain(RUN.nonce);
  const none = template(PODS, { ...RUN, limits: { ...RUN.limits, diskBytes: 0 } }).spec.containers[0]!;
  expect(none.volumeMounts.map(({ mountPath }) => mountPath)).not.toContain('/tmp');
});

test('no policy that lets other pods of ours talk selects a sandbox’s', () => {
  const { labels } = template().metadata;
  expect(labels).not.toHaveProperty([MANAGED_BY]);
  expect(labels).not.toHaveProperty([CAMPAIGN]);
  const { spec } = sandboxPolicy('team-a') as unknown as { spec: { podSelector: { matchLabels: object } } };
  expect(labels).toMatchObject(spec.podSelector.matchLabels);
  expect(spec).toEqual({ podSelector: { matchLabels: expect.anything() }, policyTypes: ['Ingress', 'Egress'] });
});

test('a lost worker’s pod ends by itself, and what belongs to it goes with it', () => {
  const { spec } = sandboxJob(PODS, RUN) as unknown as { spec: Record<string, unknown> };
  expect(spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 120 });
  expect(template().spec.activeDeadlineSeconds).toBe(621);
  expect(template().spec.restartPolicy).toBe('Never');
  const job = { apiVersion: 'batch/v1', kind: 'Job', name: RUN.name, uid: 'u-2' };
  for (const { metadata } of sandboxInputs(PODS, RUN.name, job, { files: [Buffer.from('a')], stdin: [] }))
    expect(metadata.ownerReferences).toEqual([job]);
});

test('inputs in parts that a ConfigMap holds, whole again when put together', () => {
  const stdin = Buffer.alloc(2 * MB, 'stdin');
  const inputs = inputsOf({ files: { 'b/c': 'text', a: new Uint8Array([0, 255]) }, stdin });
  expect(Buffer.concat(inputs.files).toString('latin1')).toBe('[["a",2],["b/c",4]]\n\0ÿtext');
  expect(inputs.stdin.map((part) => part.length)).toEqual([716_800, 716_800, 663_552]);
  expect(Buffer.concat(inputs.stdin).equals(stdin)).toBe(true);
  expect(inputsOf({ files: {}, stdin: '' })).toMatchObject({ files: [Buffer.from('[]\n')], stdin: [Buffer.alloc(0)] });
  expect(() => inputsOf({ files: {}, stdin: Buffer.alloc(23 * MB) })).toThrow(/at most \d+ bytes/);
  for (const path of ['../x', '/x', 'a//b', 'a/./b', ''])
    expect(() => inputsOf({ files: { [path]: '' }, stdin: '' })).toThrow();
  const [first, second] = sandboxInputs(PODS, 'r', { apiVersion: 'v1', kind: 'Job', name: 'r', uid: 'u' }, inputs);
  expect(parse(JSON.stringify(first))).toMatchObject({ immutable: true, data: { 'in-pod.py': expect.any(String) } });
  expect(second).not.toHaveProperty('data');
});
