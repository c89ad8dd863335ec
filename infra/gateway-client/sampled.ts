// A request of an agent, asked as the campaign samples: what trains is compared with the distribution that it was drawn from, so that an
// agent's own temperature, cut-offs and penalties give way. Pure.
import type { Grant } from '../../contracts/agent-ports.ts';

/** What bends a distribution besides its temperature. */
const BENDING = [
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'logit_bias',
];

/** By the end of the path: how the dialect calls the bound of an answer, and whether it knows seeds. */
const DIALECTS: Readonly<Record<string, { readonly bounds: readonly [string, ...string[]]; readonly seeds: boolean }>> =
  {
    'chat/completions': { bounds: ['max_tokens', 'max_completion_tokens'], seeds: true },
    completions: { bounds: ['max_tokens'], seeds: true },
    responses: { bounds: ['max_output_tokens'], seeds: false },
    messages: { bounds: ['max_tokens'], seeds: false },
  };

/** @param number which request of the attempt it is, from 0: each is drawn anew */
export function sampled(path: string, body: unknown, sampling: Grant['sampling'], number: number): unknown {
  const dialect = DIALECTS[path];
  if (dialect === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const asked = body as Record<string, unknown>;
  const kept = Object.fromEntries(Object.entries(asked).filter(([name]) => !BENDING.includes(name)));
  const named = dialect.bounds.filter((name) => typeof asked[name] === 'number');
  const bounds = (named.length === 0 ? [dialect.bounds[0]] : named).map((name) => {
    const own = asked[name];
    return [name, typeof own === 'number' ? Math.min(own, sampling.maxTokens) : sampling.maxTokens];
  });
  return {
    ...kept,
    temperature: sampling.temperature,
    ...Object.fromEntries(bounds),
    ...(dialect.seeds ? { seed: (sampling.seed + number) % 2 ** 31 } : {}),
  };
}
