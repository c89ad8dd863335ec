// Anybody's agent as a campaign's harness. One command: npx node examples/31-bring-your-own-agent/run.ts
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interruptible } from '../../cli/interrupt.ts';
import { loadConfig } from '../../infra/config.ts';
import { makeHistory } from '../30-swe-from-git-history/history.ts';
import { installAgent } from './install.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const config = loadConfig();

// Beside the home, in which nobody but Anneal keeps anything.
const folder = join(config.agents, 'examples', 'bring-your-own-agent');
const campaign = join(folder, 'campaign.yaml');

await interruptible(async (signal) => {
  layOutRepository(join(folder, 'minimist'));
  copyFileSync(join(HERE, 'campaign.yaml'), campaign);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  await installAgent({ python: config.python, agents: config.agents, say, signal });
}, 'Interrupted. Nothing is lost: run the same command again.');

// In this process, so that a Ctrl-C is the command's, whoever sends it.
if (process.exitCode === undefined) {
  process.argv.splice(1, 1, join(config.root, 'anneal'), 'quickstart', '--yes', '--file', campaign);
  await import('../../cli/main.ts');
}

/** Whole or not at all: a half of it would be taken for the repository. */
function layOutRepository(place: string): void {
  if (existsSync(place)) return;
  rmSync(`${place}.part`, { recursive: true, force: true });
  mkdirSync(`${place}.part`, { recursive: true });
  makeHistory(`${place}.part`);
  renameSync(`${place}.part`, place);
}
