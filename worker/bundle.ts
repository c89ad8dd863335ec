// The workflow bundle, built at the first start of this very code and kept.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { FAILURE_CONVERTER } from '../infra/codec/data-converter.ts';
import { loadConfig } from '../infra/config.ts';
import { workflowInterceptorModules } from '../infra/tracing/temporal.ts';
import { bundleHash } from './build-id.ts';

export interface WorkflowBundle {
  readonly codePath: string;
}

/** Cached by its hash, so that a restarted worker is back in a second. */
export async function workflowBundle(): Promise<WorkflowBundle> {
  const { paths, root, production } = loadConfig();
  const folder = join(paths.cache, 'workflows');
  const encrypted = production.access.payloadKeysFile !== undefined;
  const codePath = join(folder, `${bundleHash(root)}${encrypted ? '-encrypted' : ''}.js`);
  if (!existsSync(codePath)) {
    mkdirSync(folder, { recursive: true });
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'workflows', `index${extension}`),
      workflowInterceptorModules: workflowInterceptorModules(),
      // Failures carry messages too, and the workflow's side must know how they are hidden.
      ...(encrypted && { failureConverterPath: FAILURE_CONVERTER }),
    });
    writeFileSync(`${codePath}.${process.pid}`, code);
    renameSync(`${codePath}.${process.pid}`, codePath);
  }
  return { codePath };
}
