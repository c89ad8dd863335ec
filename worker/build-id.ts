// What identifies the code that a worker runs, whatever machine runs it: of two workers with the same hash each may go on with what
// the other began. Of the sources themselves, so that neither a checkout nor a build must be told what it is.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Goes into the workflows' bundle. */
const BUNDLED = ['contracts', 'policies', 'workflows', 'infra/tracing', 'infra/codec'];

/** All that the import table (.dependency-cruiser.mjs) lets a worker load; and what it starts by path: the trainer, the policy server. */
const LOADED = [
  ...['contracts', 'policies', 'workflows', 'activities', 'agents', 'evals', 'gateway', 'k8s', 'infra', 'worker'],
  // Campaigns that agents propose are held to the rules of `validate`.
  'cli/spec',
  ...['trainer/anneal_trainer', 'trainer/anneal_server', 'trainer/requirements.lock', 'critical.yaml', 'skills'],
];

/** Beside the code, and never loaded by it. */
const NOT_LOADED = new Set(['k8s/testbed', 'infra/helm', 'infra/grafana', 'infra/containers']);
const NO_FOLDERS = new Set(['__pycache__', '__snapshots__', 'node_modules']);
const CODE = /\.([cm]?[jt]s|py|sh|json|ya?ml|lock)$|(^|\/)SKILL\.md$/;
const NO_CODE = /\.((test|fixture)\.[jt]s|d\.[cm]?ts)$/;

/** @param root where the code lies: a checkout, or a build's `dist` */
export const bundleHash = (root: string): string =>
  hashOf(
    root,
    BUNDLED.flatMap((name) => filesBelow(root, name)),
  );

/** @param root where the code lies: a checkout, or a build's `dist` */
export const sourceHash = (root: string): string => hashOf(root, sourceFiles(root));

/** What `sourceHash` is of, relative to the root. */
export const sourceFiles = (root: string): string[] => LOADED.flatMap((name) => filesBelow(root, name));

function hashOf(root: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(installed(root));
  for (const path of files.toSorted()) {
    // Each by its own hash: no byte can move from one file into the next unseen.
    hash.update(
      `${path} ${createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')}\n`,
    );
  }
  return hash.digest('hex').slice(0, 24);
}

/** Paths relative to the root; none for what there is not. */
function filesBelow(root: string, path: string): string[] {
  if (CODE.test(path)) return [path];
  const found: string[] = [];
  for (const entry of entriesOf(join(root, path))) {
    const inside = `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!NOT_LOADED.has(inside) && !NO_FOLDERS.has(entry.name)) found.push(...filesBelow(root, inside));
    } else if (CODE.test(entry.name) && !NO_CODE.test(entry.name)) found.push(inside);
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (failure) {
    // The table also names folders that are still to come.
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw failure;
  }
}

const lockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().optional() })),
});

/** Names and versions of the packages that run: a new linter is no new release. */
function installed(root: string): string {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const running = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  return running.map(([path, { version }]) => `${path} ${version ?? ''}\n`).join('');
}
