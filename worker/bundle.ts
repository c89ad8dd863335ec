// The workflow bundle: prebuilt where a release has one, built at start in development.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { loadConfig } from '../infra/config.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Cached by the hash of everything that goes into it, so that a restarted worker is back in a second. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const folder = join(loadConfig().paths.cache, 'workflows');
  const codePath = join(folder, `${sourceHash()}.js`);
  if (!existsSync(codePath)) {
    mkdirSync(folder, { recursive: true });
    const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'workflows', 'index.ts') });
    writeFileSync(`${codePath}.${process.pid}`, code);
    renameSync(`${codePath}.${process.pid}`, codePath);
  }
  return { codePath };
}

function sourceHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package.json')));
  for (const folder of ['contracts', 'policies', 'workflows']) {
    for (const file of readdirSync(join(root, folder))
      .filter((name) => /\.[jt]s$/.test(name))
      .sort()) {
      hash.update(file).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 24);
}
