// Everything a fresh clone needs, in order. Each step looks first and does nothing where nothing is missing.
import type { Config } from '../../config.ts';
import { readCritical } from '../../critical.ts';
import { podsOf } from '../../sandbox/choice.ts';
import { registerSearchAttributes } from '../../temporal/search-attributes.ts';
import { ensureSandbox } from './bubblewrap.ts';
import { type OnProgress, stepReporter } from './progress.ts';
import { findPython } from './python.ts';
import { ensureTemporal, type TemporalBinary } from './temporal-binary.ts';
import { ensureVenv } from './venv.ts';

export interface Installed {
  /** Undefined when another Temporal was named. */
  readonly temporal: TemporalBinary | undefined;
}

/**
 * Idempotent; call it under the stack's lock, since two at once would build the same environment.
 * @throws AnnealError `stack.temporal_unavailable`, `temporal.*`, `stack.search_attributes`, `stack.python_missing`, `stack.download_failed`, `stack.no_space`, `sandbox.unavailable`, `spec.*`
 */
export async function setUp(config: Config, onProgress: OnProgress, signal?: AbortSignal): Promise<Installed> {
  // First what costs nothing: the worker would refuse to start without it, after all the downloads.
  await readCritical(config.root);
  // A server that does not answer or refuses us should not cost a download either.
  if (config.temporal.external !== undefined) await prepareExternal(config, config.temporal.external, onProgress);
  const report = stepReporter('python', onProgress);
  const python = await findPython(config);
  report('cached', `Python ${python.version} at ${python.executable}`);
  // The sandbox before the large downloads: it is the step that may need a person.
  // Pods are looked at with the cluster, before the campaign that needs them.
  if (podsOf(config) === undefined) await ensureSandbox(config.python, onProgress, signal);
  await ensureVenv(config, python, onProgress, signal);
  const temporal =
    config.temporal.external === undefined ? await ensureTemporal(config, python, onProgress, signal) : undefined;
  return { temporal };
}

async function prepareExternal({ production }: Config, address: string, onProgress: OnProgress): Promise<void> {
  const report = stepReporter('temporal', onProgress);
  const created = await registerSearchAttributes({ ...production.access, address });
  if (created.length === 0) report('cached', `the server at ${address}`);
  else report('done', `the server at ${address}; created ${created.join(', ')}`);
}
