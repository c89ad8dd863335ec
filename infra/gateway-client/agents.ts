// How agents of any kind reach their model: a credential of the rollout, behind a door for those in a sandbox, or asked from here.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AgentAccess, AgentChat, Asked, ChatMessage, Grant } from '../../contracts/agent-ports.ts';
import { AnnealError, errorCode } from '../../contracts/errors.ts';
import { campaignName, completionId } from '../../contracts/ids.ts';
import { LOOP_HEADER, operationId, STEPS_HEADER } from '../../contracts/session.ts';
import { loopSignal } from '../../contracts/turn.ts';
import { mintCredential } from './credential.ts';
import { openDoor } from './door.ts';
import { parseJson, send } from './http.ts';

const call = z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) });
const answerBody = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({ content: z.string().nullish(), tool_calls: z.array(call).nullish() }),
      }),
    )
    .min(1),
  usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullish(),
});
const failureBody = z.looseObject({
  error: z.looseObject({ code: z.unknown(), message: z.string(), param: z.unknown() }),
});
const operationBody = z.looseObject({ id: operationId });
/** What servers say of a prompt that is too long for them. */
const TOO_LONG = /context|too (long|many tokens)|exceed/i;
const SLACK_SECONDS = 60;

/** @param url the gateway's, without a trailing slash */
export function createAgentAccess({
  url,
  secret: bytes,
}: {
  readonly url: string;
  readonly secret: Uint8Array;
}): AgentAccess {
  const secret = createSecretKey(bytes);
  const base = url.replace(/\/$/, '');
  return {
    door: (grant) => openDoor(base, credentialOf(grant, secret), grant),
    chat: (grant) => createChat(base, credentialOf(grant, secret), grant),
  };
}

function credentialOf(grant: Grant, secret: KeyObject): string {
  const { rollout, policy, attempt, maxRequests, maxTokens, maxSeconds, maxOperations, loops, versions, forMs } = grant;
  const expires = Math.ceil((Date.now() + forMs) / 1_000) + SLACK_SECONDS;
  const campaign = campaignName.parse(rollout.slice(0, rollout.indexOf('/')));
  return mintCredential(
    {
      ...{ v: 1, scope: 'rollout', campaign, rollout, policy, attempt, maxRequests, maxTokens, expires },
      ...(maxSeconds === undefined ? {} : { maxSeconds }),
      ...(maxOperations === undefined ? {} : { maxOperations }),
      ...(loops === undefined ? {} : { loops }),
      ...(versions === undefined ? {} : { versions }),
    },
    secret,
  );
}

function createChat(base: string, key: string, grant: Grant): AgentChat {
  const unreachable = { unreachable: 'stack.gateway_unavailable', late: 'gateway.upstream_failed' } as const;
  let number = 0;
  let told = 0;
  // Another attempt's operations are others, even where two attempts take themselves for the same one.
  const nonce = randomBytes(6).toString('hex');

  const headersOf = (agent: string | undefined): Record<string, string> => ({
    authorization: `Bearer ${key}`,
    ...(agent === undefined ? {} : { 'x-anneal-agent': agent }),
  });

  return {
    async ask({ agent, messages, tools, maxTokens, steps }, signal): Promise<Asked> {
      const { temperature, seed, maxTokens: most } = grant.sampling;
      const asked = performance.now();
      const { status, text, headers } = await send({
        ...{ method: 'POST', url: `${base}/v1/chat/completions`, signal, ...unreachable },
        headers: { ...headersOf(agent), ...(steps.length === 0 ? {} : { [STEPS_HEADER]: steps.join(' ') }) },
        body: {
          ...{ model: grant.policy, messages: messages.map(written), temperature },
          ...{ max_tokens: Math.min(most, maxTokens), seed: (seed + number) % 2 ** 31 },
          ...(tools.length === 0 ? {} : { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
        },
        // Sent twice it would be two requests of the rollout.
        ...{ once: true, timeoutMs: grant.forMs },
      });
      number += 1;
      if (status !== 200) return refused(status, text);
      const body = answerBody.safeParse(parseJson(text));
      const id = completionId.safeParse(headers['x-anneal-completion']);
      if (!body.success || !id.success)
        throw new AnnealError('stack.gateway_unavailable', 'what answered is not the gateway');
      const { message, finish_reason: finish } = body.data.choices[0]!;
      const loop = loopSignal.safeParse(parseJson(String(headers[LOOP_HEADER] ?? ''))).data;
      return {
        how: 'answered',
        answer: {
          completion: id.data,
          text: message.content ?? '',
          calls: (message.tool_calls ?? []).map((one) => ({ id: one.id, ...one.function })),
          finish: finish === 'length' || finish === 'tool_calls' ? finish : 'stop',
          tokens: { prompt: body.data.usage?.prompt_tokens ?? 0, completion: body.data.usage?.completion_tokens ?? 0 },
          milliseconds: performance.now() - asked,
          ...(loop === undefined ? {} : { loop }),
        },
      };
    },

    async tell({ agent, kind, child, completions, note }, signal) {
      const key = `${nonce}-${told}`;
      told += 1;
      const { status, text } = await send({
        ...{ method: 'POST', url: `${base}/v1/anneal/context`, headers: headersOf(agent), signal, ...unreachable },
        body: { key, kind, completions, note, ...(child === undefined ? {} : { child }) },
        timeoutMs: grant.forMs,
      });
      const recorded = operationBody.safeParse(parseJson(text)).data;
      if ((status === 200 || status === 201) && recorded !== undefined) return recorded.id;
      throw failureOf(status, text);
    },
  };
}

function refused(status: number, text: string): Asked {
  const failure = failureOf(status, text);
  if (failure.code === 'gateway.budget_exhausted')
    return { how: failureBody.safeParse(parseJson(text)).data?.error.param === 'time' ? 'late' : 'exhausted' };
  if (failure.code === 'gateway.loop') return { how: 'looping' };
  if ((status === 400 || status === 413) && TOO_LONG.test(failure.message)) return { how: 'too_long' };
  throw failure;
}

function failureOf(status: number, text: string): AnnealError {
  const body = failureBody.safeParse(parseJson(text)).data;
  const code = errorCode.safeParse(body?.error.code).data;
  return new AnnealError(code ?? 'gateway.upstream_failed', body?.error.message ?? `HTTP ${status}`);
}

function written(message: ChatMessage): object {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.callId, content: message.content };
  if (message.role !== 'assistant' || message.calls === undefined || message.calls.length === 0)
    return { role: message.role, content: message.content };
  const tool_calls = message.calls.map(({ id, name, arguments: text }) => ({
    ...{ id, type: 'function', function: { name, arguments: text } },
  }));
  return { role: 'assistant', content: message.content, tool_calls };
}
