// Token ids and log-probabilities out of an upstream's answer, in every place where servers put them. They are gathered apart from what
// the client will see, and believed only where everything agrees.
import { z } from 'zod';
import type { TokenLogprob, Usage } from '../turn.ts';

const id = z.int().min(0);
const ids = z.array(id);
const alternative = z.looseObject({
  token: z.string(),
  logprob: z.number().nullish(),
  bytes: z.array(z.int()).nullish(),
});
/** llama.cpp names the id itself, vLLM in the token's place if asked to; after its samplers llama.cpp has `prob`. */
const named = alternative.extend({
  id: id.nullish(),
  prob: z.number().nullish(),
  top_logprobs: z.array(alternative).nullish(),
});
const chatLogprobs = z.looseObject({ content: z.array(named) });
const legacyLogprobs = z.looseObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
});
const sglext = z.looseObject({ input_ids: ids.nullish(), output_ids: z.array(ids).nullish() });
/** SGLang's own form of an answer: log-probability, id, text. */
const metaInfo = z.looseObject({
  output_token_logprobs: z.array(z.tuple([z.number().nullable(), id]).rest(z.unknown())),
});

/** What vLLM writes for a log-probability of minus infinity. */
const IMPOSSIBLE = -9999;
const TOKEN_ID = /^token_id:(\d{1,10})$/;

/** Most chunks have none of it, and a failed parse makes an error with its stack. */
function read<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> | undefined {
  return value === undefined || value === null ? undefined : schema.safeParse(value).data;
}

export interface TokenTrace {
  /** Of the prompt as the server saw it; undefined where it does not tell. */
  readonly promptIds?: readonly number[];
  readonly completionIds: readonly number[];
  readonly logprobs: readonly number[];
  /** Why this cannot be trained on; undefined if every token is there, named once or twice alike, with a probability. */
  readonly inexact?: string;
}

export interface TokenGatherer {
  /** Takes what a chunk, or a whole answer, says of tokens. Returns the log-probabilities for the client, should it want them. */
  chunk(body: Readonly<Record<string, unknown>>, choice: Readonly<Record<string, unknown>> | undefined): TokenLogprob[];
  result(usage: Usage | undefined): TokenTrace;
}

export function createTokenGatherer(): TokenGatherer {
  let promptIds: readonly number[] | undefined;
  /** Ids by themselves, and ids beside probabilities: different members of the answer, which must agree. */
  const alone: number[] = [];
  const beside: (number | undefined)[] = [];
  const logprobs: number[] = [];
  let whole: readonly number[] | undefined;

  function add(logprob: number | null | undefined, at: number | undefined): void {
    logprobs.push(logprob ?? Number.NEGATIVE_INFINITY);
    beside.push(at);
  }

  function readChat(content: z.infer<typeof chatLogprobs>['content']): TokenLogprob[] {
    return content.map(({ token, id: own, logprob, prob, bytes, top_logprobs }) => {
      const value = logprob ?? (prob == null ? undefined : Math.log(prob));
      const hidden = TOKEN_ID.exec(token)?.[1];
      add(value, own ?? (hidden === undefined ? undefined : Number(hidden)));
      const top = (top_logprobs ?? []).map((one) => told(one.token, one.logprob, one.bytes));
      return { ...told(token, value, bytes), top };
    });
  }

  function readLegacy(read: z.infer<typeof legacyLogprobs>): TokenLogprob[] {
    return read.tokens.map((token, index) => {
      const hidden = TOKEN_ID.exec(token)?.[1];
      add(read.token_logprobs[index], hidden === undefined ? undefined : Number(hidden));
      const top = Object.entries(read.top_logprobs?.[index] ?? {}).map(([name, value]) => told(name, value, undefined));
      return { ...told(token, read.token_logprobs[index], undefined), top };
    });
  }

  return {
    chunk(body, choice) {
      promptIds ??= read(ids, body.prompt_token_ids ?? choice?.prompt_token_ids);
      const extension = read(sglext, body.sglext);
      promptIds ??= extension?.input_ids ?? undefined;
      const own = read(ids, choice?.token_ids);
      if (own !== undefined) for (const one of own) alone.push(one);
      else if (extension?.output_ids?.[0] !== undefined && alone.length === 0) whole = extension.output_ids[0];
      const meta = read(metaInfo, body.meta_info ?? choice?.meta_info);
      const chat = read(chatLogprobs, choice?.logprobs);
      if (meta !== undefined) {
        for (const [logprob, at] of meta.output_token_logprobs) add(logprob, at);
        // Already taken, by id: of the other form only the texts are wanted.
        return chat === undefined ? [] : createTokenGatherer().chunk({}, { logprobs: chat });
      }
      if (chat !== undefined) return readChat(chat.content);
      const legacy = read(legacyLogprobs, choice?.logprobs);
      return legacy === undefined ? [] : readLegacy(legacy);
    },
    result(usage) {
      const first = alone.length > 0 ? alone : whole;
      const second = beside.every((one) => one !== undefined) && beside.length > 0 ? (beside as number[]) : undefined;
      const completionIds = first ?? second ?? [];
      const inexact = doubt({ first, second, logprobs, promptIds, usage });
      return {
        ...(promptIds === undefined ? {} : { promptIds }),
        completionIds,
        logprobs: logprobs.map((value) => (Number.isFinite(value) ? value : 0)),
        ...(inexact === undefined ? {} : { inexact }),
      };
    },
  };
}

function told(token: string, logprob: number | null | undefined, bytes: readonly number[] | null | undefined) {
  // JSON has no infinity; OpenAI writes this.
  return { token, logprob: logprob ?? IMPOSSIBLE, ...(bytes == null ? {} : { bytes }), top: [] };
}

interface Gathered {
  readonly first: readonly number[] | undefined;
  readonly second: readonly number[] | undefined;
  readonly logprobs: readonly number[];
  readonly promptIds: readonly number[] | undefined;
  readonly usage: Usage | undefined;
}

function doubt({ first, second, logprobs, promptIds, usage }: Gathered): string | undefined {
  const own = first ?? second;
  if (own === undefined || own.length === 0) return 'the server gave no token ids';
  if (logprobs.length === 0) return 'the server gave no log-probabilities';
  if (logprobs.length !== own.length) return `${own.length} token ids, but ${logprobs.length} log-probabilities`;
  if (first !== undefined && second !== undefined && first.some((one, index) => one !== second[index])) {
    return 'the server names different ids for the same tokens';
  }
  if (logprobs.some((value) => !Number.isFinite(value) || value <= IMPOSSIBLE))
    return 'a sampled token has no probability';
  if (usage !== undefined && usage.output !== own.length) {
    return `${own.length} token ids, but ${usage.output} tokens in the usage`;
  }
  if (usage !== undefined && promptIds !== undefined && usage.input !== promptIds.length) {
    return `${promptIds.length} ids of the prompt, but ${usage.input} tokens in the usage`;
  }
  return undefined;
}
