// Anybody's agent as a campaign's harness. One command: npx node examples/31-bring-your-own-agent/run.ts
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../infra/config.ts';
import { makeHistory } from '../30-swe-from-git-history/history.ts';
import { installAgent } from './install.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const config = loadConfig();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

// Beside the home, in which nobody but Anneal keeps anything.
const folder = join(config.agents, 'examples', 'bring-your-own-agent');
const repository = join(folder, 'minimist');
if (!existsSync(join(repository, '.git'))) {
  rmSync(repository, { recursive: true, force: true });
  mkdirSync(repository, { recursive: true });
  makeHistory(repository);
}
copyFileSync(join(HERE, 'campaign.yaml'), join(folder, 'campaign.yaml'));
await installAgent(config.python ?? 'python3', config.agents, say);

const anneal = join(config.root, 'anneal');
const child = spawn(
  anneal,
  ['quickstart', '--yes', '--file', join(folder, 'campaign.yaml'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
