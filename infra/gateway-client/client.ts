// The worker's side of the gateway: chat requests under a credential of the rollout's own, and the data pool.
import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError, ERRORS, errorCode } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { contextOperation } from '../../contracts/session.ts';
import {
  type CompletionRecord,
  type CredentialClaims,
  completionRecord,
  type Trajectory,
  trajectory,
} from '../../contracts/trajectory.ts';
import { mintCredential } from './credential.ts';
import { type Answer, parseJson, send } from './http.ts';

export interface GatewayClientOptions {
  /** Without a trailing slash. */
  readonly url: string;
  /** The file with the secret in hexadecimal that the gateway has too, or the secret itself. */
  readonly secretFile?: string;
  readonly secret?: Uint8Array;
  /** Of every rollout; default: as many requests as the index asks for, and no limit of tokens. */
  readonly budget?: { readonly maxRequests?: number; readonly maxTokens?: number };
  /** For pool calls; default 60 s. */
  readonly poolTimeoutMs?: number;
}

/** A credential outlives its request by this: clocks differ, requests wait. */
const SLACK_SECONDS = 60;

const failureBody = z.looseObject({ error: z.looseObject({ code: z.string().nullish(), message: z.string() }) });
const chatBody = z.looseObject({ anneal: completionRecord });

export { createPolicyHost } from './policy-host.ts';

/** @throws AnnealError `stack.not_running` when the secret's file cannot be read. */
export function createGatewayClient(options: GatewayClientOptions): ModelGateway {
  const { budget = {}, poolTimeoutMs = 60_000 } = options;
  // Once: making a key of the bytes takes longer than signing with it.
  const secret = createSecretKey(options.secret ?? readSecret(options.secretFile));
  const base = options.url.replace(/\/$/, '');

  const bearer = (claims: Omit<CredentialClaims, 'v' | 'expires'>, forMs: number): Record<string, string> => {
    const expires = Math.ceil((Date.now() + forMs) / 1000) + SLACK_SECONDS;
    return { authorization: `Bearer ${mintCredential({ v: 1, expires, ...claims }, secret)}` };
  };

  async function pool(method: 'GET' | 'POST', path: string, id: string, body?: unknown): Promise<string> {
    const headers = bearer({ scope: 'pool', campaign: campaignOf(id) }, poolTimeoutMs);
    const answer = await send({
      method,
      url: base + path,
      headers,
      body,
      timeoutMs: poolTimeoutMs,
      unreachable: 'stack.gateway_unavailable',
      late: 'stack.gateway_unavailable',
    });
    if (answer.status >= 300) throw failureOf(answer);
    return answer.text;
  }

  async function list<S extends z.ZodType>(schema: S, kind: string, prefix: string): Promise<z.infer<S>[]> {
    const text = await pool('GET', `/pool/${kind}?prefix=${encodeURIComponent(prefix)}`, prefix);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => schema.parse(JSON.parse(line)));
  }

  return {
    async complete(request, signal): Promise<CompletionRecord> {
      const { rollout, index, policy, messages, temperature, maxTokens, seed, timeoutMs } = request;
      const limits = { maxRequests: budget.maxRequests ?? index + 1, maxTokens: budget.maxTokens };
      const answer = await send({
        method: 'POST',
        url: `${base}/v1/chat/completions`,
        headers: {
          ...bearer({ scope: 'rollout', campaign: campaignOf(rollout), rollout, policy, ...limits }, timeoutMs),
          'x-anneal-index': String(index),
          'x-anneal-record': 'full',
        },
        body: { model: policy, messages, temperature, max_tokens: maxTokens, seed },
        signal,
        timeoutMs,
        unreachable: 'stack.gateway_unavailable',
        late: 'gateway.upstream_failed',
      });
      if (answer.status !== 200) throw failureOf(answer);
      return chatBody.parse(parseJson(answer.text)).anneal;
    },
    async recordTrajectory(record: Trajectory) {
      await pool('POST', '/pool/trajectories', record.rollout, record);
    },
    trajectories: (prefix) => list(trajectory, 'trajectories', prefix),
    completions: (prefix) => list(completionRecord, 'completions', prefix),
    operations: (prefix) => list(contextOperation, 'operations', prefix),
  };
}

function readSecret(path: string | undefined): Uint8Array {
  try {
    const secret = Buffer.from(readFileSync(path ?? '', 'utf8').trim(), 'hex');
    if (secret.length >= 16) return secret;
  } catch {
    // Said below.
  }
  throw new AnnealError('stack.not_running', `the gateway's secret could not be read from ${path ?? 'nowhere'}`);
}

/** Rollout ids and prefixes of them start with `<campaign>/`; the gateway checks that the credential agrees. */
function campaignOf(id: string): CredentialClaims['campaign'] {
  const slash = id.indexOf('/');
  const parsed = campaignName.safeParse(id.slice(0, Math.max(slash, 0)));
  if (parsed.success) return parsed.data;
  throw new AnnealError(
    'gateway.bad_request',
    `${JSON.stringify(id)} does not start with a campaign's name and a slash`,
  );
}

/** The gateway says which code it is; an answer without one comes from something else that listens there. */
function failureOf(answer: Answer): AnnealError {
  const body = failureBody.safeParse(parseJson(answer.text));
  const code = errorCode.safeParse(body.data?.error.code);
  const message = body.success ? body.data.error.message : `HTTP ${answer.status}`;
  if (code.success) return new AnnealError(code.data, message || ERRORS[code.data].title);
  return new AnnealError('stack.gateway_unavailable', `the gateway answered ${answer.status}: ${message}`);
}
