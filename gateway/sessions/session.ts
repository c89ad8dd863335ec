// Which line of its rollout a request belongs to: by the base URL, else by headers. The credential's own attempt goes before both.
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { agentName, attemptNumber, type TurnSession } from '../../contracts/session.ts';
import type { RolloutClaims } from '../credential.ts';
import { problem } from '../wire/shape.ts';
import type { Address } from './path.ts';

const GROUP = /\/g(\d+)\/s\d+$/;

/** @throws AnnealError `gateway.bad_request` */
export function sessionOf(
  claims: Pick<RolloutClaims, 'rollout' | 'attempt'>,
  { attempt, agent }: Pick<Address, 'attempt' | 'agent'>,
  headers: IncomingHttpHeaders,
): TurnSession {
  const told = attempt ?? headers['x-anneal-attempt'];
  const name = agent ?? headers['x-anneal-agent'];
  return {
    group: Number(GROUP.exec(claims.rollout)![1]),
    attempt: claims.attempt ?? (told === undefined ? 0 : read(attemptNumber, 'attempt', numberOf(told))),
    ...(name === undefined ? {} : { agent: read(agentName, 'agent', name) }),
  };
}

/** Requests of one key go to one engine, which may hold what they begin with: lines differ from their first token on. */
export const keyOfSession = (rollout: string, { agent }: TurnSession): string =>
  agent === undefined ? rollout : `${rollout} ${agent}`;

const numberOf = (text: string | string[]): unknown => (/^\d{1,9}$/.test(String(text)) ? Number(text) : text);

function read<S extends z.ZodType>(schema: S, path: string, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { message } = parsed.error.issues[0]!;
  throw new AnnealError('gateway.bad_request', `the request's ${path}: ${message}`, {
    problems: [problem(path, message)],
  });
}
