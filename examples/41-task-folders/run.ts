// A campaign on tasks written by hand. One command: npx node examples/41-task-folders/run.ts
import { copyFileSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../infra/config.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const config = loadConfig();

// The agent and, since it is scripted, the right answers: whole or not at all.
const place = join(config.agents, 'scripted-pages');
const part = `${place}.part-${process.pid}`;
mkdirSync(join(part, 'answers'), { recursive: true });
copyFileSync(join(HERE, 'agent/agent.py'), join(part, 'agent.py'));
for (const task of readdirSync(join(HERE, 'tasks')))
  cpSync(join(HERE, 'tasks', task, 'gold'), join(part, 'answers', task), { recursive: true });
rmSync(place, { recursive: true, force: true });
renameSync(part, place);

process.argv.splice(1, 1, join(config.root, 'anneal'), 'quickstart', '--yes', '--file', join(HERE, 'campaign.yaml'));
await import('../../cli/main.ts');
