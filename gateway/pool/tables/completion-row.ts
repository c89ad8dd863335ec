// A completion as a row, and back. Every member has a column, but for the few that only some models' servers tell.
import type { CompletionRecord } from '../../../contracts/trajectory.ts';
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

export function completionRow(record: CompletionRecord, origin: Origin): Row {
  const { schema: _, id, rollout, campaign, index, requestHash, policy, fidelity, ...more } = record;
  const { messages, sampling, promptIds, completionIds, logprobs, text, finish, error, turn, ...rest } = more;
  // What no column holds, whatever members records get.
  const { startedAt, milliseconds, ...others } = rest;
  const instant = instantOf(startedAt);
  return withOther(
    {
      ...identityOf(rollout),
      ...{ campaign, policy, id, index, attempt: attemptOf(id), requestHash, fidelity },
      ...{ promptIds, completionIds, logprobs, text, finish, error },
      messages: JSON.stringify(messages),
      turn: turn === undefined ? undefined : JSON.stringify(turn),
      ...{ temperature: sampling.temperature, maxTokens: sampling.maxTokens, seed: sampling.seed },
      ...{ startedAt: instant, milliseconds },
      recordHash: hashOfRecord(record),
      ...originOf(origin),
    },
    { ...others, ...(instant === startedAt ? {} : { startedAt }) },
  );
}

export function completionOf(row: StoredRow): Readonly<Record<string, unknown>> {
  const seed = maybeText(row, 'seed');
  const sampling = { temperature: Number(textOf(row, 'temperature')), maxTokens: Number(textOf(row, 'maxTokens')) };
  return recordOf(
    {
      schema: 'anneal/completion/v1',
      ...{ id: textOf(row, 'id'), rollout: textOf(row, 'rollout'), campaign: textOf(row, 'campaign') },
      ...{ index: Number(textOf(row, 'index')), requestHash: textOf(row, 'requestHash') },
      ...{ policy: textOf(row, 'policy'), fidelity: textOf(row, 'fidelity'), messages: jsonOf(row, 'messages') },
      sampling: seed === undefined ? sampling : { ...sampling, seed: Number(seed) },
      ...{ promptIds: jsonOf(row, 'promptIds'), completionIds: jsonOf(row, 'completionIds') },
      ...{ logprobs: jsonOf(row, 'logprobs'), text: textOf(row, 'text'), finish: textOf(row, 'finish') },
      ...{ error: maybeText(row, 'error'), turn: jsonOf(row, 'turn') },
      startedAt: textOf(row, 'startedAt'),
      milliseconds: Number(textOf(row, 'milliseconds')),
    },
    row,
  );
}

const attemptOf = (id: string): number => Number(/\.a(\d+)$/.exec(id)?.[1] ?? 0);

/** To the millisecond, as the gateway writes them; another form stands in `other` besides. */
function instantOf(text: string): string {
  return new Date(text).toISOString();
}
