// A trajectory as a row, and back.
import type { Trajectory } from '../../../contracts/trajectory.ts';
import {
  hashOfRecord,
  identityOf,
  jsonOf,
  maybeText,
  type Origin,
  originOf,
  type Row,
  recordOf,
  type StoredRow,
  textOf,
  withOther,
} from './row.ts';

export function trajectoryRow(record: Trajectory, origin: Origin): Row {
  const { schema: _, rollout, campaign, round, purpose, split, task, family, capability, ...more } = record;
  // What no column holds, whatever members records get.
  const { policy, completions, outcome, reason, artifact, reward, alarms, tokens, ...others } = more;
  const own = identityOf(rollout);
  return withOther(
    {
      ...own,
      ...{ campaign, round, purpose, policy, split, task, family, capability, completions, outcome, reason },
      ...{ reward: reward?.total, rewardRecord: text(reward), artifact: text(artifact), alarms: text(alarms) },
      ...{ promptTokens: tokens.prompt, completionTokens: tokens.completion },
      recordHash: hashOfRecord(record),
      ...originOf(origin),
    },
    others,
  );
}

export function trajectoryOf(row: StoredRow): Readonly<Record<string, unknown>> {
  return recordOf(
    {
      schema: 'anneal/trajectory/v1',
      ...{ rollout: textOf(row, 'rollout'), campaign: textOf(row, 'campaign'), round: Number(textOf(row, 'round')) },
      ...{ purpose: textOf(row, 'purpose'), split: textOf(row, 'split'), task: textOf(row, 'task') },
      ...{ family: textOf(row, 'family'), capability: maybeText(row, 'capability'), policy: textOf(row, 'policy') },
      ...{ completions: jsonOf(row, 'completions'), outcome: textOf(row, 'outcome'), reason: maybeText(row, 'reason') },
      ...{ artifact: jsonOf(row, 'artifact'), reward: jsonOf(row, 'rewardRecord'), alarms: jsonOf(row, 'alarms') },
      tokens: { prompt: Number(textOf(row, 'promptTokens')), completion: Number(textOf(row, 'completionTokens')) },
    },
    row,
  );
}

const text = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));
