// The model that a command line or the environment names for reading, and what is taken out of whatever it gets to see.
import { randomBytes } from 'node:crypto';
import type { ReaderPorts } from '../agents/diagnosis/quarantine/reader.ts';
import { AnnealError } from '../contracts/errors.ts';
import { createRedactor } from '../gateway/redaction/record.ts';
import { recordedModel } from '../infra/agent-model/record.ts';
import type { Config } from '../infra/config.ts';

export interface ModelOptions {
  /** `--model URL`; false: `--no-model`. */
  readonly model?: string | boolean;
  readonly modelName?: string;
  readonly record?: string;
}

export type ReadingModel = Omit<ReaderPorts, 'signal'>;

/** @returns undefined where none is named. @throws AnnealError `cli.usage` */
export async function readingModel({ agentModel }: Config, options: ModelOptions): Promise<ReadingModel | undefined> {
  if (options.model === false) return undefined;
  const url = typeof options.model === 'string' ? options.model : agentModel.url;
  const name = options.modelName ?? agentModel.name;
  if (url === undefined && options.modelName === undefined && options.record === undefined) return undefined;
  if (url === undefined || name === undefined) {
    const missing = url === undefined ? 'an address (--model URL)' : 'a name (--model-name NAME)';
    throw new AnnealError('cli.usage', `the model that is to read needs ${missing}`);
  }
  // The SDK is a fifth of the time that a diagnosis of a short log takes.
  const { openAgentModel } = await import('../infra/agent-model/open.ts');
  const opened = openAgentModel({ url, name, keyFile: agentModel.keys });
  const redactor = createRedactor(formsOf(opened.key));
  const nonce = (): string => randomBytes(12).toString('hex');
  const redact = redactor.text;
  return { model: kept(opened.model, options.record, nonce, redact), redact, nonce };
}

function kept(
  model: ReadingModel['model'],
  folder: string | undefined,
  nonce: () => string,
  redact: ReadingModel['redact'],
): ReadingModel['model'] {
  if (folder === undefined) return model;
  const at = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return recordedModel(model, folder, `diagnose-${at}-${nonce().slice(0, 6)}`, (text) => redact(text).text);
}

/** A key as it may stand in a log that quotes a request. */
function formsOf(key: string | undefined): string[] {
  return key === undefined
    ? []
    : [key, encodeURIComponent(key), Buffer.from(key).toString('base64'), JSON.stringify(key).slice(1, -1)];
}
