// How many tokens a request's prompt has, and which: asked of the server that would answer it, by its own template and tokenizer.
import { z } from 'zod';
import type { TurnRequest } from '../wire/turn.ts';
import { toChatUpstream } from '../wire/upstream/request.ts';
import type { TurnServer } from './server.ts';
import type { Transport } from './transport.ts';

const rendered = z.looseObject({ prompt: z.string() });
const tokenized = z.looseObject({ tokens: z.array(z.int().min(0)) });
/** What servers of English and of code come to, for those that cannot say. */
const BYTES_A_TOKEN = 4;

/** Its token ids; undefined where the server does not tell them, or fails to. */
export async function promptIdsOf(
  transport: Transport,
  server: TurnServer,
  request: TurnRequest,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const { kind } = server.upstream;
  if (kind !== 'llamacpp' && kind !== 'vllm') return undefined;
  if (request.prompt !== undefined && 'ids' in request.prompt) return request.prompt.ids;
  const { body } = toChatUpstream({ ...request, stream: false }, server.upstream);
  const ask = <S extends z.ZodType>(schema: S, path: string, sent: object) =>
    post(transport, server, schema, path, sent, signal);
  if (kind === 'vllm') {
    const of = request.prompt === undefined ? chatOf(body) : { prompt: request.prompt.text };
    // The chat template adds what special tokens there are: add_special_tokens would double them.
    const extra = request.prompt === undefined ? { add_generation_prompt: true, add_special_tokens: false } : {};
    return (await ask(tokenized, '/tokenize', { model: body.model, ...of, ...extra }))?.tokens;
  }
  const text = request.prompt?.text ?? (await ask(rendered, '/apply-template', body))?.prompt;
  if (text === undefined) return undefined;
  return (await ask(tokenized, '/tokenize', { content: text, add_special: true, parse_special: true }))?.tokens;
}

/** For `count_tokens`. `exact` is false where it is an estimate by the request's length. */
export async function countPrompt(
  transport: Transport,
  server: TurnServer,
  request: TurnRequest,
  signal: AbortSignal,
): Promise<{ readonly tokens: number; readonly exact: boolean }> {
  const ids = await promptIdsOf(transport, server, request, signal).catch(() => undefined);
  if (ids !== undefined) return { tokens: ids.length, exact: true };
  const { messages = [], tools = [] } = toChatUpstream({ ...request, stream: false }, server.upstream).body;
  const bytes = Buffer.byteLength(JSON.stringify([messages, tools]));
  return { tokens: Math.max(1, Math.ceil(bytes / BYTES_A_TOKEN)), exact: false };
}

const chatOf = ({ messages, tools }: Readonly<Record<string, unknown>>): object =>
  tools === undefined ? { messages } : { messages, tools };

async function post<S extends z.ZodType>(
  transport: Transport,
  server: TurnServer,
  schema: S,
  path: string,
  body: object,
  signal: AbortSignal,
): Promise<z.infer<S> | undefined> {
  const chunks: Buffer[] = [];
  let status = 0;
  const outgoing = {
    ...{ origin: server.origin, path: server.base + path },
    ...{ headers: server.headers, text: JSON.stringify(body) },
  };
  const end = await transport.send(outgoing, signal, {
    head: (answered) => {
      status = answered;
    },
    data: (chunk) => void chunks.push(chunk),
  });
  if (end.how !== 'ended' || status !== 200) return undefined;
  try {
    return schema.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
