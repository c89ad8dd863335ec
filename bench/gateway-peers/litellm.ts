// LiteLLM's proxy, of exactly the versions in litellm.lock, in an environment of its own: no dependency of Anneal's. It logs what goes
// through it as its users are told to, by a callback, into a file of lines.
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../infra/config.ts';
import { installPython } from '../../tests/support/locked-python.ts';
import { freePort } from '../../tests/support/temporal-server.ts';
import { spawned } from '../child.ts';
import { answers, type Running } from './running.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ENVIRONMENT = { name: 'litellm', lock: here('./litellm.lock') };

export const installLitellm = (onProgress: (line: string) => void): Promise<string> =>
  installPython(ENVIRONMENT, onProgress);

export interface Litellm extends Running {
  /** Lines logged so far. */
  logged(): Promise<number>;
}

/** @param folder of its settings and its log */
export async function startLitellm(
  stack: AsyncDisposableStack,
  python: string,
  folder: string,
  upstream: string,
): Promise<Litellm> {
  await copyFile(here('./jsonl_logger.py'), join(folder, 'jsonl_logger.py'));
  const model = { model: 'openai/scripted', api_base: `${upstream}/v1`, api_key: 'none' };
  const settings = {
    model_list: [{ model_name: 'scripted', litellm_params: model }],
    litellm_settings: { callbacks: 'jsonl_logger.logger' },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(settings));
  const [port, log] = [await freePort(), join(folder, 'log.jsonl')];
  const flags = ['--config', join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port)];
  const environment = childEnvironment({
    ...{ BENCH_JSONL: log, HOME: folder, LITELLM_LOG: 'ERROR', LITELLM_MODE: 'PRODUCTION' },
    // Whoever has it set would let each start compile everything.
    PYTHONDONTWRITEBYTECODE: '',
    // Otherwise it fetches a list of prices first. Without a key it has the least to do; only this machine reaches it.
    ...{ LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true' },
  });
  const pid = spawned(stack, python, [join(python, '..', 'litellm'), ...flags], environment);
  const url = `http://127.0.0.1:${port}`;
  await answers('LiteLLM', `${url}/health/liveliness`, pid);
  return { url, pid, logged: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').length - 1 };
}
