import { expect, test } from 'vitest';
import type { TurnRequest } from '../turn.ts';
import { toChatUpstream, type UpstreamKind } from './request.ts';

const request: TurnRequest = {
  model: 'policy-1',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
      ],
    },
    { role: 'tool', callId: 'a', content: [{ type: 'text', text: 'no' }], failed: true },
  ],
  sampling: { maxTokens: 9 },
  stream: true,
  dropped: [],
};
const ask = (kind: UpstreamKind, change: Partial<TurnRequest> = {}, more: object = {}) =>
  toChatUpstream({ ...request, ...change }, { kind, tokens: true, ...more });

test('every kind of server is asked for its tokens in its own words, and for its usage', () => {
  expect(ask('vllm')).toMatchObject({
    path: '/v1/chat/completions',
    streamed: true,
    body: {
      ...{ stream: true, stream_options: { include_usage: true }, max_tokens: 9 },
      ...{ logprobs: true, top_logprobs: 0, return_token_ids: true, return_tokens_as_token_ids: true },
      ...{ temperature: 1, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 },
    },
    bent: [],
  });
  // Neither streams the tokens of tool calls and reasoning: they are asked for the whole.
  expect(ask('sglang')).toMatchObject({
    streamed: false,
    body: {
      ...{ stream: false, logprobs: true, return_input_ids: true, return_output_ids: true },
      ...{ return_token_ids: true, return_meta_info: true, top_k: -1 },
    },
  });
  expect(ask('llamacpp')).toMatchObject({
    streamed: false,
    body: { stream: false, n_probs: 1, return_tokens: true, samplers: ['temperature'], post_sampling_probs: false },
  });
  expect(ask('llamacpp').body).not.toHaveProperty('logprobs');
  expect(ask('llamacpp', { sampling: { temperature: 0.7 } })).toMatchObject({
    body: { temperature: 0.7, samplers: ['top_k', 'temperature'], post_sampling_probs: true },
    bent: [],
  });
  expect(ask('openai')).toMatchObject({ streamed: true, body: { logprobs: true, top_logprobs: 0 } });
  for (const kind of ['sglang', 'llamacpp'] as const) {
    const plain = toChatUpstream(request, { kind, tokens: false });
    expect(plain).toMatchObject({ streamed: true, body: { stream: true } });
    expect(Object.keys(plain.body)).not.toContain('n_probs');
  }
});

test('what bends the distribution that is sampled from is named, unless the server tells the bent one', () => {
  const change = { sampling: { temperature: 0.5, topP: 0.9, topK: 5 }, toolChoice: 'required' as const };
  expect(ask('vllm', change).bent).toEqual(['temperature', 'top_p', 'top_k', 'tool_choice']);
  expect(ask('sglang', change).bent).toEqual(['top_p', 'top_k', 'tool_choice']);
  expect(ask('vllm', change, { processedLogprobs: true }).bent).toEqual([]);
  expect(ask('vllm', change).body).toMatchObject({ temperature: 0.5, top_p: 0.9, top_k: 5 });
  // What the client asked of the sampler is not overruled.
  expect(ask('llamacpp', change).body).not.toHaveProperty('samplers');
});

test('reasoning goes back under the name that the server reads; what it has no member for is named', () => {
  const second = (kind: UpstreamKind) => (ask(kind).body.messages as object[])[1];
  expect(second('vllm')).toMatchObject({ reasoning: 'hm', reasoning_content: 'hm', content: null });
  expect(second('sglang')).toMatchObject({ reasoning_content: 'hm' });
  expect(second('openai')).not.toHaveProperty('reasoning_content');
  expect(ask('openai').lost).toEqual(['messages.1.reasoning', 'messages.2.failed']);
  expect(ask('openai', { sampling: { topK: 3 }, reasoning: { budgetTokens: 5 } }).lost).toEqual(
    expect.arrayContaining(['sampling.topK', 'reasoning.budgetTokens']),
  );
  expect(ask('vllm', { reasoning: { budgetTokens: 5 } }).body).toMatchObject({ thinking_token_budget: 5 });
});

test('a prompt without roles goes to the endpoint without a chat template', () => {
  const { path, body } = ask('vllm', { messages: [], prompt: { ids: [1, 2] } }, { model: 'served' });
  expect(path).toBe('/v1/completions');
  expect(body).toMatchObject({ model: 'served', prompt: [1, 2], logprobs: 0, return_token_ids: true });
  expect(body).not.toHaveProperty('messages');
});

test('a client that asked for log-probabilities sees texts, not ids', () => {
  expect(ask('vllm', { logprobs: { top: 3 } }).body).toMatchObject({ top_logprobs: 3 });
  expect(ask('vllm', { logprobs: { top: 3 } }).body).not.toHaveProperty('return_tokens_as_token_ids');
});
