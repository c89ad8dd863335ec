// What is on record of a rollout: judging it again could differ, since machines fail and judges' models change, and the first one stands.
import { AnnealError } from '../contracts/errors.ts';
import type { PlannedRollout } from '../contracts/plan.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import type { Trajectory } from '../contracts/trajectory.ts';

export type Records = Pick<ModelGateway, 'trajectories' | 'recordTrajectory'>;

/** @throws AnnealError `gateway.conflict` when what is on record under this id is about another task */
export async function recordedOf(
  gateway: Pick<Records, 'trajectories'>,
  { id, task }: PlannedRollout,
): Promise<Trajectory | undefined> {
  // Some ids begin with another.
  const known = (await gateway.trajectories(id)).find(({ rollout }) => rollout === id);
  if (known !== undefined && known.task !== task)
    throw new AnnealError(
      'gateway.conflict',
      `${id} is on record with the task ${known.task}, and planned with ${task}`,
    );
  return known;
}

/**
 * Two attempts may judge at a time: one that the server took for dead, and its successor. Whoever records first is right.
 * @returns whether this record stands
 * @throws AnnealError as recordedOf; what recording throws, where nothing is on record afterwards
 */
export async function recordOnce(gateway: Records, planned: PlannedRollout, record: Trajectory): Promise<boolean> {
  try {
    await gateway.recordTrajectory(record);
    return true;
  } catch (failure) {
    if (!(failure instanceof AnnealError) || failure.code !== 'gateway.conflict') throw failure;
    if ((await recordedOf(gateway, planned)) === undefined) throw failure;
    return false;
  }
}
