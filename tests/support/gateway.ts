// Small helpers of the gateway's tests: a temporary folder, a secret, requests as a plain HTTP client would send them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaignName, makeRolloutId, policyName, type RolloutId, taskId } from '../../contracts/ids.ts';
import type { CredentialClaims, Trajectory } from '../../contracts/trajectory.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';

export const SECRET = Buffer.from('a secret that only the tests know');
export const DEMO = campaignName.parse('demo');
export const POLICY = policyName.parse('demo.v0');

export function rollout(sample: number, round = 1): RolloutId {
  return makeRolloutId({ campaign: DEMO, round, purpose: 'train', policyVersion: 0, group: 0, sample });
}

export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'anneal-gateway-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function claims(of: Partial<CredentialClaims> = {}): CredentialClaims {
  const expires = Math.floor(Date.now() / 1000) + 600;
  return { v: 1, scope: 'rollout', campaign: DEMO, rollout: rollout(0), policy: POLICY, expires, ...of };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly error?: { readonly code: string; readonly message: string; readonly type: string };
    readonly choices?: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[];
    readonly id?: string;
  };
}

export interface ChatOptions {
  readonly token?: string;
  readonly of?: Partial<CredentialClaims>;
  readonly index?: number;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Posts a chat request as Anneal's harness does; `body` overrides members of a valid one. */
export async function chat(url: string, options: ChatOptions = {}): Promise<Reply> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${options.token ?? mintCredential(claims(options.of), SECRET)}`,
      'content-type': 'application/json',
      'x-anneal-record': 'id',
      ...(options.index === undefined ? {} : { 'x-anneal-index': String(options.index) }),
      ...options.headers,
    },
    body: JSON.stringify({
      model: POLICY,
      messages: [{ role: 'user', content: 'hello' }],
      temperature: 1,
      max_tokens: 64,
      ...options.body,
    }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Reply['body'] };
}

export function content(reply: Reply): string | undefined {
  return reply.body.choices?.[0]?.message.content;
}

export function trajectoryOf(of: RolloutId, more: Partial<Trajectory> = {}): Trajectory {
  return {
    schema: 'anneal/trajectory/v1',
    rollout: of,
    campaign: DEMO,
    round: 1,
    purpose: 'train',
    split: 'visible',
    task: taskId.parse('operator.add#plain'),
    family: 'operator.add',
    policy: POLICY,
    completions: [],
    outcome: 'policy_failure',
    tokens: { prompt: 0, completion: 0 },
    ...more,
  };
}
