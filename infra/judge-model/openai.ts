// A judge behind any server that speaks OpenAI's chat API: no tools, temperature 0, the answer held to a schema.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { JudgeModel } from '../../contracts/judge-model.ts';
import { parseJson, send } from '../gateway-client/http.ts';

const TIMEOUT_MS = 120_000;
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
}

export function createOpenAiJudge({ baseUrl, model, family, apiKey }: OpenAiJudge): JudgeModel {
  const url = `${baseUrl.replace(/\/$/, '')}/chat/completions`;
  return {
    model,
    family,
    async answer({ system, user, schema, temperature, maxTokens }) {
      const { status, text } = await send({
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
      });
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
