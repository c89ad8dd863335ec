// The workflow bundle, built at the first start of this very code and kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { FAILURE_CONVERTER } from '../infra/codec/data-converter.ts';
import { loadConfig } from '../infra/config.ts';
import { workflowInterceptorModules } from '../infra/tracing/temporal.ts';

export interface WorkflowBundle {
  readonly codePath: string;
  /** Of everything that goes into it: the same code has the same, whatever machine bundles it. */
  readonly hash: string;
}

/** Cached by its hash, so that a restarted worker is back in a second. */
export async function workflowBundle(): Promise<WorkflowBundle> {
  const { paths, repo, root, production } = loadConfig();
  const folder = join(paths.cache, 'workflows');
  const hash = sourceHash(repo, root);
  const encrypted = production.access.payloadKeysFile !== undefined;
  const codePath = join(folder, `${hash}${encrypted ? '-encrypted' : ''}.js`);
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
  return { codePath, hash };
}

function sourceHash(repo: string, root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(repo, 'package.json')));
  for (const folder of ['contracts', 'policies', 'workflows', 'infra/tracing']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.[jt]s$/.test(name)).sort()) {
      hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 24);
}
