// Models that no campaign serves: OpenAI-compatible servers of other people's, under names of policies, so that a credential opens one
// of them as it opens a policy, and a record says which one answered.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { type PolicyName, policyName } from '../../contracts/ids.ts';
import type { TurnServer, TurnServers } from './server.ts';

export const provider = z.strictObject({
  kind: z.enum(['vllm', 'sglang', 'llamacpp', 'openai']).describe('What the server is: how it is asked for tokens.'),
  /** `/v1/chat/completions` follows. */
  url: z.url({ protocol: /^https?$/ }),
  /** The server's own name for the model. */
  model: z.string().min(1),
  /** Sent as bearer token. It is in no record and no log. */
  key: z.string().min(1).optional(),
  /** Default: true, but for `openai`, which has no token ids. */
  tokens: z.boolean().optional(),
});
export type Provider = z.infer<typeof provider>;
export type Providers = ReadonlyMap<PolicyName, Provider>;

/** @throws AnnealError `cli.usage` */
export function readProviders(file: string | undefined): Providers {
  if (file === undefined) return new Map();
  try {
    const read = z.record(policyName, provider).parse(JSON.parse(readFileSync(file, 'utf8')));
    return new Map(Object.entries(read) as [PolicyName, Provider][]);
  } catch (failure) {
    const why = failure instanceof z.ZodError ? z.prettifyError(failure) : 'it cannot be read as JSON';
    throw new AnnealError(
      'cli.usage',
      `ANNEAL_PROVIDERS=${file} is no JSON object of providers by policy name: ${why}`,
    );
  }
}

export function withProviders(providers: Providers, engines: TurnServers): TurnServers {
  const servers = new Map([...providers].map(([name, one]) => [name, serverOf(one)]));
  return {
    lend(policy, key, signal, work) {
      const server = servers.get(policy);
      return server === undefined ? engines.lend(policy, key, signal, work) : work(server);
    },
  };
}

function serverOf({ kind, url, model, key, tokens = kind !== 'openai' }: Provider): TurnServer {
  const { origin, pathname } = new URL(url);
  return {
    upstream: { kind, model, tokens },
    ...{ origin, base: pathname.replace(/\/(v1\/?)?$/, '') },
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  };
}
