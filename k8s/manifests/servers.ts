// What serves a campaign's policies, by its profile: a Deployment for adapters, a set of engines for whole models.
import { engineService, engineSet } from './leader-worker-set.ts';
import type { Manifest } from './manifest.ts';
import { type ServerRequest, serverDeployment } from './server.ts';

/** In the order of their creation. */
export function serverManifests(request: ServerRequest): Manifest[] {
  return request.profile.rollout.server === 'vllm'
    ? [engineService(request), engineSet(request)]
    : [serverDeployment(request)];
}
