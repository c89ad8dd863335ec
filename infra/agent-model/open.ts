// The model that an operator names for reading, with the key that this machine has for exactly that address.
import type { AgentModel } from '../../contracts/agent-model.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { modelKey } from '../model-keys.ts';
import { createOpenAiModel } from './openai.ts';

export interface AgentModelChoice {
  /** `--model` or ANNEAL_AGENT_MODEL_URL, up to and without `/chat/completions`. */
  readonly url: string;
  /** `--model-name` or ANNEAL_AGENT_MODEL_NAME. */
  readonly name: string;
  /** ANNEAL_AGENT_MODEL_KEYS. */
  readonly keyFile: string | undefined;
}

export interface OpenedModel {
  readonly model: AgentModel;
  /** Stands in no text that is kept or sent elsewhere. */
  readonly key: string | undefined;
}

/** @throws AnnealError `cli.usage` where the address is none that a model can be asked at */
export function openAgentModel({ url, name, keyFile }: AgentModelChoice): OpenedModel {
  const refuse = (why: string): AnnealError => new AnnealError('cli.usage', `the model's address ${why}`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) throw refuse('is no http or https URL');
  // A password would be part of what is told of it.
  if (parsed.username !== '' || parsed.password !== '')
    throw refuse('has a password in it: put the key into the file that ANNEAL_AGENT_MODEL_KEYS names');
  if (parsed.search !== '' || parsed.hash !== '') throw refuse('has a query or a fragment');
  const key = modelKey(keyFile, url, 'ANNEAL_AGENT_MODEL_KEYS');
  const model = createOpenAiModel({ baseUrl: url, model: name, ...(key === undefined ? {} : { apiKey: key }) });
  return { model, key };
}
