// The policy servers of a campaign whose engines fit into one node each: a Deployment, whose pods come back by themselves.
// Unlike a trainer a server has no work of its own to lose, so the cluster may start it again; what it serves is loaded anew.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { CAMPAIGN, MANAGED_BY, MANAGER, ROLE, ROLES, SPEC_HASH } from '../labels.ts';
import { serverName } from '../names.ts';
import type { Manifest, OwnerReference } from './manifest.ts';
import { podSpec, type StoreAccess, WORK_DIR } from './pod.ts';

export interface ServerRequest {
  readonly namespace: string;
  readonly campaign: string;
  readonly profile: ProfileSpec;
  readonly store: StoreAccess;
  /** A secret whose `token` the servers ask for; engines of vLLM, for everything but sampling. */
  readonly tokenSecret: string;
  readonly owner: OwnerReference;
  readonly avoid: readonly string[];
}

/** The control API's port; engines listen above it. */
export const SERVER_PORT = 8080;
const ENGINE_PORTS = { first: 8100, last: 8131 };
export const TOKEN_DIR = '/run/anneal';
/** Base model, the version being trained from and the one being measured. */
const ENGINES_AT_ONCE = 3;
const STARTUP_PERIOD_SECONDS = 2;

/** Selects the pods, ready or not. */
export const serverLabels = (campaign: string): Record<string, string> => ({
  [MANAGED_BY]: MANAGER,
  [CAMPAIGN]: campaign,
  [ROLE]: ROLES.server,
});

export function serverDeployment(request: ServerRequest): Manifest {
  const { campaign, namespace } = request;
  const hash = makingOf(specOf, request);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: serverName(campaign),
      namespace,
      labels: serverLabels(campaign),
      annotations: { [SPEC_HASH]: hash },
      ownerReferences: [request.owner],
    },
    spec: specOf(request, { [SPEC_HASH]: hash }),
  };
}

/**
 * By what a server is told from one of another making, which is replaced. Nodes to keep away from are no part of it: they come and
 * go while servers run, and what runs stays where it is. It is a hash of the object without the mark that its pods bear of it.
 */
export function makingOf(
  specOf: (request: ServerRequest, marks: Marks) => Record<string, unknown>,
  request: ServerRequest,
): string {
  return createHash('sha256')
    .update(canonicalJson(specOf({ ...request, avoid: [] }, undefined)))
    .digest('hex');
}

/** Annotations of every pod: by them those of the wanted making are told from those that it replaces. */
export type Marks = Readonly<Record<string, string>> | undefined;

function specOf(request: ServerRequest, marks: Marks): Record<string, unknown> {
  const labels = serverLabels(request.campaign);
  return {
    replicas: request.profile.rollout.nodes,
    revisionHistoryLimit: 1,
    // Two generations of servers would need the GPUs twice.
    strategy: { type: 'Recreate' },
    selector: { matchLabels: labels },
    template: { metadata: { labels, annotations: marks }, spec: serverPod(request) },
  };
}

function serverPod(request: ServerRequest): Record<string, unknown> {
  const { profile } = request;
  const { startupWindow, readinessPeriod, livenessPeriod, livenessFailures } = profile.rollout.probes;
  const asks = (path: string) => ({ httpGet: { path, port: SERVER_PORT }, timeoutSeconds: 5 });
  return podSpec({
    role: 'rollout',
    profile,
    store: request.store,
    restartPolicy: 'Always',
    avoid: request.avoid,
    secrets: [{ name: request.tokenSecret, path: TOKEN_DIR }],
    container: {
      name: 'server',
      image: profile.rollout.image,
      args: [
        ...['--port', `${SERVER_PORT}`, '--state', WORK_DIR, '--bind', '0.0.0.0', '--advertise', '$(POD_IP)'],
        ...['--token-file', `${TOKEN_DIR}/token`, '--max-engines', `${ENGINES_AT_ONCE}`],
        ...['--engine-ports', `${ENGINE_PORTS.first}-${ENGINE_PORTS.last}`],
      ],
      env: {},
      fields: { POD_IP: 'status.podIP' },
      ports: [{ name: 'control', containerPort: SERVER_PORT }],
      startupProbe: {
        ...asks('/ready'),
        periodSeconds: STARTUP_PERIOD_SECONDS,
        failureThreshold: Math.ceil(durationMs(startupWindow) / 1000 / STARTUP_PERIOD_SECONDS),
      },
      readinessProbe: { ...asks('/ready'), periodSeconds: seconds(readinessPeriod) },
      livenessProbe: {
        ...asks('/health'),
        periodSeconds: seconds(livenessPeriod),
        failureThreshold: livenessFailures,
      },
    },
  });
}

const seconds = (text: string): number => Math.max(1, Math.round(durationMs(text) / 1000));
