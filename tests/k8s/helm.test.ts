// The chart as Helm sees it: it is linted and rendered for several values, refuses bad ones, and says of rights and policies
// what the builders say. No cluster takes part; tests/k8s/helm-install.test.ts installs it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../infra/config.ts';
import { podsOf } from '../../infra/sandbox/choice.ts';
import { controlPolicies, namespacePolicies, sandboxPolicies } from '../../k8s/access/network.ts';
import { gatewayRoles, sandboxRoles, workerRoles } from '../../k8s/access/roles.ts';
import {
  CHART,
  type Container,
  type Helm,
  helmBinary,
  openHelm,
  type PodSpec,
  type Rendered,
  templateOf,
} from '../support/helm.ts';
import { BARE, CODEC, FULL, MINIMAL } from '../support/helm-values.ts';

/** Both kinds of peers, in the order in which they stand in the policy. */
const COLLECTOR = { namespaces: ['traces', 'monitoring'], cidrs: ['10.1.0.0/16', '0.0.0.0/0'], ports: [4318, 443] };

const BUILD_ID = 'ANNEAL_BUILD_ID';

describe.skipIf(helmBinary() === undefined)('the chart', () => {
  let helm: Helm;
  beforeAll(async () => {
    helm = await openHelm();
  });
  afterAll(() => helm.close());

  describe.each([
    ['the least', MINIMAL],
    ['all', FULL],
    ['nothing that an administrator made', BARE],
  ])('with %s', (_, values) => {
    it('is linted without a warning', async () => {
      const { code, stdout } = await helm.run(['lint', '--strict', CHART, ...(await helm.values(values))]);
      expect(stdout).toContain('0 chart(s) failed');
      expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
      expect(code).toBe(0);
    });

    it('renders objects that bear their namespace, each once, and no value of a secret', async () => {
      const objects = await helm.template(values);
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
      const clusterWide = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass'];
      for (const { kind, metadata } of objects)
        expect([kind, metadata.namespace !== undefined]).toEqual([kind, !clusterWide.includes(kind)]);
      expect(objects.map(({ kind }) => kind)).not.toContain('Secret');
      expect(names).toMatchSnapshot();
    });

    it('holds its pods to what Pod Security "restricted" asks for', async () => {
      const pods = (await helm.template(values)).flatMap((one) => templateOf(one)?.spec ?? []);
      expect(pods.length).toBeGreaterThanOrEqual(2);
      for (const pod of pods) {
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
        for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources.limits).toHaveProperty('memory');
          expect(container.image).not.toMatch(/:latest$|:$/);
        }
      }
    });
  });

  it('gives the rights of k8s/access/rights.ts, to the verb', async () => {
    const places = { controlNamespace: 'control', gpuNamespace: 'gpu' };
    const wanted = [
      ...workerRoles({ ...places, name: 'anneal-worker', secrets: ['policy', 'store'] }),
      ...gatewayRoles({ ...places, name: 'anneal-gateway' }),
    ];
    const values = {
      ...MINIMAL,
      store: { ...MINIMAL.store, secret: 'store' },
      gpu: { namespace: 'gpu', policyTokenSecret: 'policy' },
    };
    const kinds = /^(ServiceAccount|(Cluster)?Role(Binding)?)$/;
    const found = (await helm.template(values)).filter(({ kind }) => kinds.test(kind));
    expect(found.map(bare).sort(byName)).toEqual(wanted.map(bare).sort(byName));
  });

  it.each([
    ['by default', '', {}, { cidrs: ['0.0.0.0/0'], ports: [443] }, ['monitoring'], undefined],
    [
      'as told',
      'http://collector.traces:4318',
      { store: { cidrs: ['10.0.0.0/8', '::/0'], ports: [9000, 443] }, metricsFrom: [], collector: COLLECTOR },
      { cidrs: ['10.0.0.0/8', '::/0'], ports: [9000, 443] },
      [],
      COLLECTOR,
    ],
  ])('has the policies of k8s/access/network.ts, %s', async (_, url, given, store, metricsFrom, collector) => {
    const wanted = [
      ...namespacePolicies({
        gpuNamespace: 'gpu',
        controlNamespace: 'control',
        store,
        dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
        ...(collector === undefined ? {} : { collector }),
      }),
      ...controlPolicies({
        namespace: 'control',
        instance: 'anneal',
        gateway: { name: 'anneal-gateway', port: 8080 },
        worker: { name: 'anneal-worker' },
        metricsPort: 9464,
        metricsFrom,
      }),
    ];
    const tracing = { trainersOtlpEndpoint: url };
    const values = { ...MINIMAL, gpu: { namespace: 'gpu' }, networkPolicies: given, tracing };
    const found = (await helm.template(values)).filter(({ kind }) => kind === 'NetworkPolicy');
    expect(found.map(bare).sort(byName)).toEqual(wanted.map(bare).sort(byName));
  });

  describe('sandboxes in pods', () => {
    const SANDBOX = FULL.sandbox;
    const PODS = { ...MINIMAL, sandbox: SANDBOX };
    const settingOf = async (values: object): Promise<string | undefined> => {
      const containers = (await helm.template(values)).flatMap((one) => templateOf(one)?.spec.containers ?? []);
      return containers.flatMap(({ env }) => env).find(({ name }) => name === 'ANNEAL_SANDBOX')?.value;
    };
    const read = (ANNEAL_SANDBOX: string) =>
      podsOf(
        loadConfig({
          environment: {
            ...{ ANNEAL_SANDBOX, ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: 's3://a' },
            ...{ ANNEAL_POLICY_TOKEN_FILE: '/t', ANNEAL_KUBE_NAMESPACE: 'gpu' },
          },
        }),
      );

    it('are asked of the worker in the words that it reads', async () => {
      // The system call filter is the build's, and no setting.
      const filter = expect.any(Uint8Array);
      expect(await settingOf(MINIMAL)).toBe('bubblewrap');
      expect(read((await settingOf(PODS)) ?? '')).toEqual({ ...SANDBOX, kubeconfig: null, filter });
      const least = { by: 'pods', image: 'sandbox:1', allow: ['node-runtime'] };
      expect(read((await settingOf({ ...MINIMAL, sandbox: least })) ?? '')).toEqual({
        ...{ by: 'pods', namespace: 'anneal-sandboxes', image: 'sandbox:1', kubeconfig: null },
        ...{ runtimeClass: null, allow: ['node-runtime'], probe: [], cpu: null, disk: null, filter },
      });
    });

    it('have a restricted namespace that denies everything, and the rights of k8s/access/rights.ts, to the verb', async () => {
      const found = (await helm.template(PODS)).filter(({ kind, metadata }) =>
        kind === 'Namespace' ? metadata.name === SANDBOX.namespace : metadata.namespace === SANDBOX.namespace,
      );
      const [namespace, ...others] = found.sort(
        (a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'),
      );
      const level = 'pod-security.kubernetes.io/enforce';
      expect((namespace!.metadata.labels as Record<string, string>)[level]).toBe('restricted');
      const wanted = [
        ...sandboxPolicies(SANDBOX.namespace),
        ...sandboxRoles({
          ...{ name: 'anneal-worker', controlNamespace: 'control' },
          sandboxNamespace: SANDBOX.namespace,
        }),
      ];
      expect(others.map(bare).sort(byName)).toEqual(wanted.map(bare).sort(byName));
    });

    it('take nothing where they are not asked for, and no second role beside the trainers', async () => {
      const names = async (values: object) =>
        (await helm.template(values)).map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
      expect(await names({ ...MINIMAL, sandbox: { ...SANDBOX, by: 'bubblewrap' } })).toEqual(await names(MINIMAL));
      const shared = { ...SANDBOX, namespace: 'anneal-gpu' };
      expect(await names({ ...MINIMAL, sandbox: shared })).toEqual(await names(MINIMAL));
    });
  });

  it.each([
    ["judges' keys", 'ANNEAL_JUDGE_KEYS', '/anneal/judges/judge-keys.json', 'judge-keys', 'team-a.json'],
    ['the on-call file', 'ANNEAL_ON_CALL', '/anneal/on-call/on-call.yaml', 'on-call', 'night.yaml'],
    ['the places of heads', 'ANNEAL_AUDIT_HEADS', '/anneal/audit-heads/audit-heads.yaml', 'audit-heads', 'places.yaml'],
  ])(
    'gives %s to the workers alone, from the secret that is named, under the name that they read',
    async (_, variable, at, secretName, key) => {
      const found = async (values: object) =>
        (await helm.template(values)).flatMap((one) => {
          const pod = templateOf(one)?.spec;
          return (pod?.containers ?? []).flatMap(({ name, env, volumeMounts }) => {
            const at = env.find((set) => set.name === variable)?.value;
            const mount = volumeMounts.find(({ mountPath }) => at?.startsWith(`${mountPath}/`));
            const volume = pod?.volumes?.find((one) => one.name === mount?.name);
            return at === undefined ? [] : [{ name, at, readOnly: mount?.readOnly, secret: volume?.secret }];
          });
        });
      expect(await found(MINIMAL)).toEqual([]);
      const secret = { secretName, items: [{ key, path: at.split('/').at(-1) }] };
      const worker = { name: 'worker', at, readOnly: true, secret };
      // One for each release.
      expect(await found(FULL)).toMatchObject([worker, worker]);
    },
  );

  describe('what agents work with', () => {
    /** Of worker and gateway of the current release: their variables, as the configuration reads them, and what is mounted. */
    const podsFor = async (values: object) => {
      const found = (await helm.template(values)).flatMap((one) => {
        const pod = templateOf(one)?.spec;
        const [container] = pod?.containers ?? [];
        return container === undefined || pod === undefined ? [] : [{ container, pod }];
      });
      return (wanted: string) => {
        const { container, pod } = found.find(({ container: { name } }) => name === wanted)!;
        const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
        return { config: loadConfig({ environment }), environment, container, pod };
      };
    };
    const sourceOf = ({ container, pod }: { container: Container; pod: PodSpec }, path: string) => {
      const mount = container.volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
      return { readOnly: mount?.readOnly === true, from: pod.volumes?.find(({ name }) => name === mount?.name) };
    };

    it('is nothing unless it is asked for', async () => {
      const of = await podsFor(MINIMAL);
      for (const name of ['worker', 'gateway']) {
        const { environment } = of(name);
        expect(Object.keys(environment).filter((one) => /AGENT_MODEL|RESEARCH|REPOSITORIES/.test(one))).toEqual([]);
      }
    });

    it('is read as it was given: the gateway asks the model and alone has its keys', async () => {
      const of = await podsFor(FULL);
      const [worker, gateway] = [of('worker'), of('gateway')];
      const { url, name, family } = FULL.agents.model;
      expect(worker.config.agentModel).toEqual({ url, name, family, keys: undefined });
      expect(gateway.config.agentModel).toMatchObject({ url, name });
      const { readOnly, from } = sourceOf(gateway, gateway.config.agentModel.keys!);
      expect([readOnly, from?.secret]).toMatchObject([
        true,
        {
          secretName: 'agent-keys',
          items: [{ key: 'team-a.json', path: 'agent-model-keys.json' }],
        },
      ]);
      expect(JSON.stringify(worker.pod)).not.toContain('agent-keys');
      expect(worker.config.research).toEqual(FULL.research);
      expect(gateway.environment).not.toHaveProperty('ANNEAL_RESEARCH_SEARCH_URL');
    });

    it('has its repositories on a claim, the file beside them, and tokens of forges where the worker alone reads them', async () => {
      const of = await podsFor(FULL);
      const [worker, gateway] = [of('worker'), of('gateway')];
      expect(sourceOf(worker, worker.config.repositories!)).toMatchObject({
        readOnly: true,
        from: { configMap: { name: 'repositories', items: [{ key: 'repositories.yaml', path: 'repositories.yaml' }] } },
      });
      expect(sourceOf(worker, '/anneal/repositories/trainer.git')).toMatchObject({
        readOnly: false,
        from: { persistentVolumeClaim: { claimName: 'repositories' } },
      });
      for (const secretName of FULL.repositories.forges) {
        const token = sourceOf(worker, `/anneal/forges/${secretName}/token`);
        expect([token.readOnly, token.from?.secret?.secretName]).toEqual([true, secretName]);
        expect(token.from?.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        expect(JSON.stringify(gateway.pod)).not.toContain(secretName);
      }
    });
  });

  it('names trainers their collector where it is told, and the worker its own', async () => {
    const tracing = { otlpEndpoint: 'http://a:4318', trainersOtlpEndpoint: 'http://b:4318' };
    const endpointsOf = async (values: object): Promise<string[]> =>
      (await helm.template(values))
        .flatMap((one) => templateOf(one)?.spec.containers ?? [])
        .flatMap(({ env }) => env)
        .flatMap(({ name, value }) => (name.endsWith('_OTLP_ENDPOINT') ? [`${name}=${value}`] : []));
    const wanted = ['ANNEAL_OTLP_ENDPOINT=http://a:4318', 'ANNEAL_KUBE_OTLP_ENDPOINT=http://b:4318'];
    expect(await endpointsOf(MINIMAL)).toEqual([]);
    expect(await endpointsOf({ ...MINIMAL, tracing, networkPolicies: { collector: COLLECTOR } })).toEqual([
      ...wanted,
      ...wanted,
    ]);
  });

  it('carries the alert rules and the dashboard as they are', async () => {
    const objects = await helm.template(FULL);
    const grafana = (name: string): string => readFileSync(join(CHART, '../../grafana', name), 'utf8');
    const rules = objects.find(({ kind }) => kind === 'PrometheusRule');
    expect(rules?.spec).toEqual(parse(grafana('alerts.yaml')));
    const dashboard = objects.find(({ kind }) => kind === 'ConfigMap');
    expect(dashboard?.data).toEqual({ 'anneal.json': grafana('anneal.json') });
  });

  describe('the console', () => {
    const consoleOf = async (values: object): Promise<Rendered[]> =>
      (await helm.template(values)).filter(({ metadata }) => /-console(-to-gateway)?$/.test(metadata.name));

    it('is not there unless it is asked for, and not without who signs in', async () => {
      expect(await consoleOf(MINIMAL)).toEqual([]);
      await expect(consoleOf({ ...MINIMAL, console: { enabled: true } })).rejects.toThrow(
        'console.signIn.secret names no file',
      );
    });

    it('reads the store, Temporal and the gateway, and has no key that signs a decision', async () => {
      const objects = await consoleOf(FULL);
      expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
        ...['Deployment team-a-console', 'NetworkPolicy team-a-console', 'NetworkPolicy team-a-console-to-gateway'],
        ...['Service team-a-console', 'ServiceAccount team-a-console'],
      ]);
      const pod = objects.flatMap((one) => templateOf(one)?.spec ?? [])[0]!;
      const [container] = pod.containers;
      const set = Object.fromEntries(container!.env.map(({ name, value }) => [name, value]));
      expect(set).toMatchObject({
        ANNEAL_CONSOLE_OIDC: '/anneal/sign-in/sign-in.yaml',
        ANNEAL_TEMPORAL: 'temporal.example:7233',
        ANNEAL_TEMPORAL_API_KEY_FILE: '/anneal/temporal/api-key/api-key',
        ANNEAL_PAYLOAD_KEYS: '/anneal/temporal/payload-keys/payload-keys.json',
        ANNEAL_STORE: MINIMAL.store.url,
        ANNEAL_GATEWAY_URL: 'http://team-a-gateway.control.svc:8080',
      });
      expect(JSON.stringify(pod)).not.toContain('approver.key');
      expect(JSON.stringify(pod)).toContain('"approvers.json"');
      for (const at of Object.values(set).filter((value) => /^\/anneal\/(sign-in|temporal)\//.test(value ?? '')))
        expect(container!.volumeMounts.some(({ mountPath }) => at!.startsWith(`${mountPath}/`))).toBe(true);
      const mounted = container!.volumeMounts.map(({ name }) => name).sort();
      expect((pod.volumes ?? []).map(({ name }) => name).sort()).toEqual(mounted);
      expect(container).toMatchObject({
        readinessProbe: { httpGet: { path: '/healthz' } },
        livenessProbe: { httpGet: { path: '/healthz' } },
      });
    });

    it('is reached from the namespaces that are named, and reaches the gateway', async () => {
      const ingressOf = (objects: readonly Rendered[], name: string): unknown =>
        (
          objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name)!.spec as {
            ingress: unknown;
          }
        ).ingress;
      const objects = await consoleOf(FULL);
      const peer = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } };
      expect(ingressOf(objects, 'team-a-console')).toEqual([
        { from: [peer], ports: [{ protocol: 'TCP', port: 4300 }] },
      ]);
      expect(ingressOf(objects, 'team-a-console-to-gateway')).toMatchObject([
        { from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'console' } } }] },
      ]);
      const closed = await consoleOf({ ...FULL, console: { ...FULL.console, from: [] } });
      expect(ingressOf(closed, 'team-a-console')).toEqual([]);
    });
  });

  describe('the codec server', () => {
    const codecOf = async (values: object): Promise<Rendered[]> =>
      (await helm.template(values)).filter(({ metadata }) => metadata.name.endsWith('-codec'));
    const setOf = (objects: readonly Rendered[]): Record<string, string | undefined> => {
      const [container] = objects.flatMap((one) => templateOf(one)?.spec.containers ?? []);
      return Object.fromEntries(container!.env.map(({ name, value }) => [name, value]));
    };
    const ingressOf = (objects: readonly Rendered[]): unknown =>
      (objects.find(({ kind }) => kind === 'NetworkPolicy')!.spec as { ingress: unknown }).ingress;

    it('is not there unless it is asked for', async () => {
      expect(await codecOf(MINIMAL)).toEqual([]);
    });

    it("asks Temporal with its callers' tokens: over its TLS, and never with our API key", async () => {
      const objects = await codecOf(FULL);
      expect(objects.map(({ kind }) => kind).sort()).toEqual([
        'Deployment',
        'NetworkPolicy',
        'Service',
        'ServiceAccount',
      ]);
      expect(setOf(objects)).toEqual({
        ANNEAL_HOME: '/tmp/anneal',
        ANNEAL_NAMESPACE: 'team-a',
        ANNEAL_PAYLOAD_KEYS: '/anneal/temporal/payload-keys/payload-keys.json',
        ANNEAL_CODEC_LISTEN: '0.0.0.0:8081',
        ANNEAL_CODEC_UI_ORIGIN: 'https://temporal.example',
        ANNEAL_TEMPORAL: 'temporal.example:7233',
        ANNEAL_TEMPORAL_TLS: 'on',
        ANNEAL_TEMPORAL_TLS_SERVER_NAME: 'temporal',
        ANNEAL_TEMPORAL_TLS_CA: '/anneal/temporal/ca/ca.crt',
        ANNEAL_TEMPORAL_TLS_CERT: '/anneal/temporal/client/tls.crt',
        ANNEAL_TEMPORAL_TLS_KEY: '/anneal/temporal/client/tls.key',
      });
      const text = JSON.stringify(objects);
      expect(text).not.toContain('temporal-key');
      expect(text).not.toContain('team-a-worker');
      const peer = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } };
      expect(ingressOf(objects)).toEqual([{ from: [peer], ports: [{ protocol: 'TCP', port: 8081 }] }]);
    });

    it('with a token of its own has that and the keys, knows no Temporal, and is reached by nobody who is not named', async () => {
      const objects = await codecOf(CODEC);
      expect(setOf(objects)).toEqual({
        ANNEAL_HOME: '/tmp/anneal',
        ANNEAL_NAMESPACE: 'team-a',
        ANNEAL_PAYLOAD_KEYS: '/anneal/temporal/payload-keys/payload-keys.json',
        ANNEAL_CODEC_LISTEN: '0.0.0.0:8081',
        ANNEAL_CODEC_TOKEN_FILE: '/anneal/codec/token',
      });
      const [pod] = objects.flatMap((one) => templateOf(one)?.spec ?? []);
      const secrets = pod!.volumes!.flatMap(({ secret }) => secret?.secretName ?? []);
      expect(secrets).toEqual(['payloads', 'codec-token']);
      expect(ingressOf(objects)).toEqual([]);
    });
  });

  it('names the jobs of the monitoring as the alerts look for them, whatever the release is called', async () => {
    const objects = await helm.template(FULL);
    const label = 'app.kubernetes.io/name';
    expect(objects.find(({ kind }) => kind === 'ServiceMonitor')?.spec).toMatchObject({ jobLabel: label });
    const read = objects.filter(({ kind, spec }) => kind === 'Service' && JSON.stringify(spec).includes('"metrics"'));
    const jobs = read.map(({ metadata }) => (metadata.labels as Record<string, string>)[label]);
    expect(jobs.sort()).toEqual(['anneal-gateway', 'anneal-worker']);
  });

  it('labels the pods by what policies and Services select', async () => {
    const objects = await helm.template(MINIMAL);
    for (const component of ['gateway', 'worker']) {
      const selected = { 'app.kubernetes.io/part-of': 'anneal', 'app.kubernetes.io/component': component };
      const labels = objects.map((one) => templateOf(one)?.metadata.labels);
      expect(labels).toContainEqual(expect.objectContaining(selected));
    }
  });

  it('gives each release of versioned workers a Deployment, which an upgrade leaves as it is', async () => {
    const workers = async (images: object, previous: object[]): Promise<Rendered[]> => {
      const values = { ...MINIMAL, images: { worker: images }, worker: { deployment: 'team-a', previous } };
      return (await helm.template(values)).filter(({ metadata }) => metadata.name.includes('-worker-'));
    };
    const [before] = await workers({ tag: '0.1.0_rc' }, []);
    const after = await workers({ digest: `sha256:${'c'.repeat(64)}` }, [{ tag: '0.1.0_rc', replicas: 1 }]);
    expect(after.map(({ metadata }) => metadata.name)).toEqual([
      'anneal-worker-cccccccccccc',
      'anneal-worker-0-1-0-rc',
    ]);
    expect(after[1]).toEqual(before);
    const selected = after.map((one) => JSON.stringify((one.spec as { selector: object }).selector));
    expect(new Set(selected).size).toBe(2);
    const [first] = templateOf(after[1]!)?.spec.containers ?? [];
    expect(first?.image).toBe('anneal/worker:0.1.0_rc');
    // Only a digest says which image it is; under a tag the worker's own sources do.
    const ids = after.map(
      (one) => templateOf(one)?.spec.containers[0]?.env.find((set) => set.name === BUILD_ID)?.value,
    );
    expect(ids).toEqual(['cccccccccccc', undefined]);
  });

  it.each<[string, object, string]>([
    ['no Temporal', { store: MINIMAL.store }, "temporal': missing property 'address'"],
    ['no store', { temporal: MINIMAL.temporal }, "store': missing property 'url'"],
    ['a Temporal without a port', { ...MINIMAL, temporal: { address: 'temporal' } }, '/temporal/address'],
    ['a store that is no bucket', { ...MINIMAL, store: { url: 'https://store' } }, '/store/url'],
    [
      'a codec server without keys',
      { ...MINIMAL, codec: { enabled: true } },
      'codec.enabled: temporal.payloadKeys.secret names no keys',
    ],
    ['an origin with a path', { ...CODEC, codec: { uiOrigin: 'https://a/ui' } }, '/codec/uiOrigin'],
    ['a misspelt name', { ...MINIMAL, gateways: {} }, "additional properties 'gateways' not allowed"],
    ['a misspelt name inside', { ...MINIMAL, worker: { replica: 2 } }, "additional properties 'replica' not allowed"],
    ['a negative number', { ...MINIMAL, worker: { replicas: -1 } }, '/worker/replicas'],
    ['a text for a number', { ...MINIMAL, gateway: { port: '8080' } }, '/gateway/port'],
    ['a namespace with capitals', { ...MINIMAL, gpu: { namespace: 'GPU' } }, '/gpu/namespace'],
    [
      'a collector for trainers that none may reach',
      { ...MINIMAL, tracing: { trainersOtlpEndpoint: 'http://collector:4318' } },
      'networkPolicies.collector: names neither a namespace nor an address',
    ],
    [
      'a collector without a scheme',
      { ...MINIMAL, tracing: { trainersOtlpEndpoint: 'collector:4318' } },
      '/tracing/trainersOtlpEndpoint',
    ],
    [
      'a collector behind a port that is none',
      { ...MINIMAL, networkPolicies: { collector: { ports: [0] } } },
      '/networkPolicies/collector/ports/0',
    ],
    ["a judge's key itself", { ...MINIMAL, judges: { keys: { 'http://judge/v1': 'k' } } }, '/judges/keys'],
    [
      'a model without a name',
      { ...MINIMAL, agents: { model: { url: 'http://a/v1' } } },
      'url and name belong together',
    ],
    [
      'keys for no model',
      { ...MINIMAL, agents: { model: { keys: { secret: 'a' } } } },
      'agents.model.url: names no model',
    ],
    [
      'a model whose address the gateway cannot ask',
      { ...MINIMAL, agents: { model: { url: 'http://a', name: 'b' } } },
      '/agents/model/url',
    ],
    [
      'a password in an address',
      { ...MINIMAL, agents: { model: { url: 'http://a:b@c/v1', name: 'b' } } },
      '/agents/model/url',
    ],
    [
      "an agent's key itself",
      { ...MINIMAL, agents: { model: { keys: { 'http://a/v1': 'k' } } } },
      '/agents/model/keys',
    ],
    [
      'a judge of research without a model',
      { ...MINIMAL, research: { judge: { url: 'http://a/v1' } } },
      'research.judge',
    ],
    ['a search that is no address', { ...MINIMAL, research: { searchUrl: 'search' } }, '/research/searchUrl'],
    ['repositories that lie nowhere', { ...MINIMAL, repositories: { configMap: 'a' } }, 'configMap and claim belong'],
    ['a forge of no repository', { ...MINIMAL, repositories: { forges: ['a'] } }, 'repositories.forges'],
    ['a token itself', { ...MINIMAL, repositories: { forges: ['ghp_ABC'] } }, '/repositories/forges/0'],
    ['another sandbox', { ...MINIMAL, sandbox: { by: 'docker' } }, '/sandbox/by'],
    ['pods without an image', { ...MINIMAL, sandbox: { by: 'pods', runtimeClass: 'gvisor' } }, 'sandbox.image: names'],
    ['pods on the node’s kernel', { ...MINIMAL, sandbox: { by: 'pods', image: 'a:1' } }, 'sandbox.runtimeClass: names'],
    ['an unpinned image for sandboxes', { ...MINIMAL, sandbox: { image: 'a:latest' } }, '/sandbox/image'],
    ['another allowance', { ...MINIMAL, sandbox: { allow: ['root'] } }, '/sandbox/allow/0'],
    ['another workload', { ...MINIMAL, gpu: { workload: 'pod' } }, '/gpu/workload'],
    ['the tag latest', { ...MINIMAL, images: { worker: { tag: 'latest' } } }, '/images/worker/tag'],
    ['a digest that is none', { ...MINIMAL, images: { worker: { digest: 'sha256:1' } } }, '/images/worker/digest'],
    [
      'no seccomp profile',
      { ...MINIMAL, worker: { seccompProfile: { type: 'Unconfined' } } },
      '/worker/seccompProfile',
    ],
    [
      'a release beside workers that have none',
      { ...MINIMAL, worker: { previous: [{ tag: '0.0.9', replicas: 1 }] } },
      'worker.previous: without worker.deployment',
    ],
    [
      'a release without a name',
      { ...MINIMAL, worker: { deployment: 'a', previous: [{ replicas: 1 }] } },
      '/worker/previous/0',
    ],
    [
      'segments shared by pods',
      { ...MINIMAL, gateway: { persistence: { accessModes: ['ReadWriteMany'] } } },
      '/gateway/persistence/accessModes',
    ],
  ])('refuses %s, and says where', async (_, values, words) => {
    await expect(helm.template(values)).rejects.toThrow(words);
  });

  it('names every problem at once', async () => {
    const values = { temporal: { address: 'x' }, store: { url: 'x' }, gpu: { workload: 'x' } };
    const refused = await helm.template(values).then(String, (failure: Error) => failure.message);
    for (const path of ['/temporal/address', '/store/url', '/gpu/workload']) expect(refused).toContain(path);
  });

  /** Without labels: Helm adds its own. */
  const bare = (object: { readonly metadata: object }): object => ({
    ...object,
    metadata: { ...object.metadata, labels: undefined },
  });
  const byName = (a: object, b: object): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
});
