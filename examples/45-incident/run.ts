// A training that fails, and agents that mend its trainer. One command: npx node examples/45-incident/run.ts [--ask]
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interruptible } from '../../cli/interrupt.ts';
import { loadConfig } from '../../infra/config.ts';
import { makeRepository } from './repository.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const asks = process.argv.includes('--ask');
const config = loadConfig();

// Beside the home, in which nobody but Anneal keeps anything.
const folder = join(config.agents, 'examples', 'incident');
const file = join(folder, 'repositories.yaml');

await interruptible(async () => {
  layOut(join(folder, 'trainer.git'));
  // Of what is read from a batch follows what is trained on: with --ask a human decides on it.
  const critical = asks ? ['anneal_trainer/batch.py'] : [];
  writeFileSync(
    file,
    [
      'apiVersion: anneal/v1',
      'kind: Repositories',
      'repositories:',
      `  - { name: trainer, path: trainer.git, paths: { critical: ${JSON.stringify(critical)} } }`,
      '',
    ].join('\n'),
  );
}, 'Interrupted. Nothing is lost: run the same command again.');

// In this process, so that a Ctrl-C is the command's, whoever sends it.
if (process.exitCode === undefined) {
  process.env.ANNEAL_REPOSITORIES = file;
  process.argv.splice(
    1,
    process.argv.length,
    join(config.root, 'anneal'),
    'quickstart',
    '--yes',
    '--file',
    join(HERE, 'campaign.yaml'),
  );
  await import('../../cli/main.ts');
}

/** Whole or not at all: a half of it would be taken for the repository. */
function layOut(place: string): void {
  if (existsSync(place)) return;
  const [part, work] = [`${place}.part`, `${place}.work`];
  for (const one of [part, work]) rmSync(one, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  makeRepository(config.paths.trainer, part, work);
  rmSync(work, { recursive: true });
  renameSync(part, place);
}
