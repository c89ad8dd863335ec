// The workflow bundle, built at the first start of this very code and kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { loadConfig } from '../infra/config.ts';

/** Cached by the hash of everything that goes into it, so that a restarted worker is back in a second. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const { paths, repo, root } = loadConfig();
  const folder = join(paths.cache, 'workflows');
  const codePath = join(folder, `${sourceHash(repo, root)}.js`);
  if (!existsSync(codePath)) {
    mkdirSync(folder, { recursive: true });
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'workflows', `index${extension}`) });
    writeFileSync(`${codePath}.${process.pid}`, code);
    renameSync(`${codePath}.${process.pid}`, codePath);
  }
  return { codePath };
}

function sourceHash(repo: string, root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(repo, 'package.json')));
  for (const folder of ['contracts', 'policies', 'workflows']) {
    for (const file of readdirSync(join(root, folder))
      .filter((name) => /\.[jt]s$/.test(name))
      .sort()) {
      hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 24);
}
