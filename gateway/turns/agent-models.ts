// The operator's model for the project's own agents, as one of other people's models: each role has it under a policy's name of its own, so
// that a credential opens it for one role and a record says for which.
import { agentRole, rolePolicy } from '../../contracts/agent-session.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { PolicyName } from '../../contracts/ids.ts';
import type { Provider, Providers } from './providers.ts';

export interface AgentModelAt {
  /** ANNEAL_AGENT_MODEL_URL; here it ends in /v1, since that is where the gateway asks. */
  readonly url: string | undefined;
  /** ANNEAL_AGENT_MODEL_NAME. */
  readonly name: string | undefined;
  readonly key: string | undefined;
}

/**
 * @param providers of ANNEAL_PROVIDERS: a role that stands there has that model
 * @throws AnnealError `cli.usage`
 */
export function withAgentModels(providers: Providers, { url, name, key }: AgentModelAt): Providers {
  if (url === undefined || name === undefined) return providers;
  const { pathname, username, password } = new URL(url);
  if (!/\/v1\/?$/.test(pathname) || username !== '' || password !== '')
    throw new AnnealError(
      'cli.usage',
      'ANNEAL_AGENT_MODEL_URL: the gateway asks at …/v1/chat/completions; name an address that ends in /v1 and holds no password',
    );
  const model: Provider = { kind: 'openai', url, model: name, ...(key === undefined ? {} : { key }) };
  return new Map([...agentRole.options.map((role): [PolicyName, Provider] => [rolePolicy(role), model]), ...providers]);
}
