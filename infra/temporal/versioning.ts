// Releases of the worker. A run of a workflow stays on the release that began it (a round is pinned), and a campaign takes up the
// current release when it continues as new, between two rounds. So a release may change what a round does, without patches;
// the price is that a worker of the old release stays up until its last round has ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';

const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'letters, digits, dashes and underscores, at most 63')
  .optional();

/** For the variables of `infra/config.ts`. */
export const versioningVariables = {
  /** The name under which Temporal knows the workers of one installation. Unset: no versions, every worker serves every run. */
  ANNEAL_WORKER_DEPLOYMENT: label,
  /** Names what this worker runs; the same code must always have the same one. Default: package version and hash of the sources. */
  ANNEAL_BUILD_ID: label,
} as const;

export interface Release {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** To spread into `Worker.create`, of every queue alike: a pinned run finds its activities on its own release only. */
export function releaseOptions(release: Release | undefined): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (release === undefined) return {};
  return {
    workerDeploymentOptions: { version: release, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' },
  };
}

const CODE = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
} as const;
/** A first poll registers a version; until then Temporal knows nothing of it. */
const REGISTRATION_TIMEOUT_MS = 60_000;

/**
 * Makes a release the one that new campaigns, and campaigns between two rounds, go to: once, when it is new. A worker of an older
 * release that is started again finds itself superseded, and going back is a human's to do (docs/temporal.md). Call it when
 * workers of the release poll every queue; several may call at once.
 * @throws AnnealError `temporal.versioning`, `temporal.denied`
 */
export async function makeCurrent(
  server: ConnectionLike,
  namespace: string,
  { deploymentName, buildId }: Release,
  timeoutMs = REGISTRATION_TIMEOUT_MS,
): Promise<'made' | 'current' | 'superseded'> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let why: string;
    try {
      const { workerDeploymentInfo: info, conflictToken } = await server.workflowService.describeWorkerDeployment({
        ...{ namespace, deploymentName },
      });
      if (info?.routingConfig?.currentDeploymentVersion?.buildId === buildId) return 'current';
      const own = info?.versionSummaries?.find(({ deploymentVersion }) => deploymentVersion?.buildId === buildId);
      if (own?.firstActivationTime) return 'superseded';
      // The token is of what was just read: of two new releases that start at once, the one that lost reads again.
      await server.workflowService.setWorkerDeploymentCurrentVersion({
        ...{ namespace, deploymentName, buildId, conflictToken: conflictToken ?? null, identity: 'anneal' },
      });
      return 'made';
    } catch (failure) {
      if (!isGrpcServiceError(failure)) throw failure;
      const { code, details } = failure as { code?: number; details: string };
      if (code === CODE.permissionDenied)
        throw new AnnealError(
          'temporal.denied',
          `making release ${buildId} current in ${namespace} is not permitted (${details})`,
        );
      if (code === CODE.unimplemented)
        throw new AnnealError(
          'temporal.versioning',
          `the server has no worker deployments (${details}); use a newer one, or unset ANNEAL_WORKER_DEPLOYMENT`,
        );
      // Not registered yet, or another worker was quicker: both are over in a moment.
      if (code !== CODE.notFound && code !== CODE.failedPrecondition && code !== CODE.invalidArgument) throw failure;
      why = details;
    }
    if (performance.now() > deadline)
      throw new AnnealError(
        'temporal.versioning',
        `${deploymentName}.${buildId} is not current after ${timeoutMs / 1000} s: ${why}`,
      );
    await sleep(200);
  }
}

export interface ReleaseStatus {
  readonly buildId: string;
  readonly current: boolean;
  /** `draining`: runs are still pinned to it, so that its workers must stay; `drained`: they may go. */
  readonly drainage: 'none' | 'draining' | 'drained';
}

/** Every release that Temporal knows, newest first. @throws AnnealError `temporal.versioning` */
export async function releases(
  server: ConnectionLike,
  namespace: string,
  deploymentName: string,
): Promise<ReleaseStatus[]> {
  try {
    const { workerDeploymentInfo: info } = await server.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName,
    });
    const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
    return (info?.versionSummaries ?? []).map((summary) => {
      const buildId = summary.deploymentVersion?.buildId ?? '';
      return { buildId, current: buildId === current, drainage: DRAINAGE[summary.drainageStatus ?? 0] ?? 'none' };
    });
  } catch (failure) {
    if (!isGrpcServiceError(failure) || failure.code !== CODE.notFound) throw failure;
    throw new AnnealError('temporal.versioning', `no worker of ${deploymentName} has ever polled ${namespace}`);
  }
}

/** Temporal's `VersionDrainageStatus`, by number. */
const DRAINAGE = ['none', 'draining', 'drained'] as const;
