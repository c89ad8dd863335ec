// A judge behind any server that speaks OpenAI's chat API: no tools, temperature 0, the answer held to a schema.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { JudgeModel } from '../../contracts/judge-model.ts';
import { type Answer, type Call, parseJson, send } from '../gateway-client/http.ts';

const TIMEOUT_MS = 120_000;
/** Waits before further tries, of what passes: a server that starts, is busy, or broke the connection. */
const PAUSES_MS = [500, 3_000];
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** A fixed one: where a server draws at temperature 0 all the same, it draws alike. */
const SEED = 1;

const completion = z.object({
  choices: z
    .array(z.object({ finish_reason: z.string().nullish(), message: z.object({ content: z.string().nullish() }) }))
    .min(1),
});

export interface OpenAiJudge {
  /** Up to and without `/chat/completions`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly family: string;
  readonly apiKey?: string;
  /** Default: half a second, then three. */
  readonly pausesMs?: readonly number[];
}

export function createOpenAiJudge(options: OpenAiJudge): JudgeModel {
  const { baseUrl, model, family, apiKey, pausesMs = PAUSES_MS } = options;
  const url = `${baseUrl.replace(/\/$/, '')}/chat/completions`;
  return {
    model,
    family,
    async answer({ system, user, schema, temperature, maxTokens }) {
      const call: Call = {
        method: 'POST',
        url,
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
        body: {
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: user },
          ],
          ...{ temperature, seed: SEED, max_tokens: maxTokens },
          response_format: { type: 'json_schema', json_schema: { name: 'verdicts', strict: true, schema } },
        },
        timeoutMs: TIMEOUT_MS,
        unreachable: 'gateway.upstream_failed',
        late: 'gateway.upstream_failed',
      };
      const { status, text } = await patiently(call, pausesMs);
      const failed = (why: string): AnnealError =>
        new AnnealError('gateway.upstream_failed', `the judge ${model} ${why}`);
      if (status !== 200) throw failed(`answered with ${status}`);
      const read = completion.safeParse(parseJson(text));
      if (!read.success) throw failed('answered with something that is no completion');
      const { finish_reason: reason, message } = read.data.choices[0]!;
      if (reason !== 'stop') throw failed(`broke off: ${reason ?? 'without a reason'}`);
      return message.content ?? '';
    },
  };
}

async function patiently(call: Call, [pause, ...later]: readonly number[]): Promise<Answer> {
  const answer = await send(call).catch((failure: unknown) => {
    if (pause === undefined) throw failure;
    return undefined;
  });
  if (answer !== undefined && (pause === undefined || !PASSING.has(answer.status))) return answer;
  await sleep(pause);
  return patiently(call, later);
}
