// The settings study: whole campaigns over several seeds, on the functions that the quickstart leaves out for it.
//   npm run bench -- study [--settings chosen,cold] [--seeds 1,2,3]
// A finished campaign is not run again: Ctrl-C and the same command go on. What it showed: docs/quickstart-study.md.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { loadConfig } from '../infra/config.ts';
import { endingStack } from './ending.ts';
import { SETTINGS, type Setting } from './study-settings.ts';
import { type StudyRun, studyRun, studyTable } from './study-table.ts';

const config = loadConfig();
const folder = join(config.repo, 'bench', 'study');
/** `hash` tells a campaign of today's settings from one of settings that have changed since. */
const finished = z.strictObject({ hash: z.string(), document: z.record(z.string(), z.unknown()) });
const settingName = z.enum(Object.keys(SETTINGS) as [string, ...string[]]);

export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      settings: { type: 'string', default: Object.keys(SETTINGS).join(',') },
      seeds: { type: 'string', default: '1,2,3' },
      json: { type: 'boolean', default: false },
    },
  });
  const settings = z.array(settingName).parse(values.settings.split(','));
  const seeds = z.array(z.coerce.number().int().nonnegative()).parse(values.seeds.split(','));
  mkdirSync(folder, { recursive: true });
  const runs: StudyRun[] = [];
  // Seeds outside: after the first pass every setting has been seen once.
  for (const seed of seeds) for (const setting of settings) runs.push(await campaign(setting, seed));
  process.stdout.write(values.json ? `${JSON.stringify(runs, null, 2)}\n` : studyTable(runs));
}

async function campaign(setting: string, seed: number): Promise<StudyRun> {
  const name = `study-${setting}-s${seed}`;
  const spec = document(name, seed, SETTINGS[setting]!);
  const hash = createHash('sha256').update(canonicalJson(spec)).digest('hex');
  const kept = join(folder, `${name}.json`);
  if (existsSync(kept)) {
    const before = finished.parse(JSON.parse(readFileSync(kept, 'utf8')));
    if (before.hash === hash) return studyRun(setting, seed, before.document);
  }
  process.stderr.write(`\n── ${name} ──\n`);
  const yaml = join(tmpdir(), `${name}-${hash.slice(0, 8)}.yaml`);
  writeFileSync(yaml, stringify(spec));
  const { report: _, ...answer } = finished.shape.document.parse(JSON.parse(await quickstart(yaml)));
  rmSync(yaml);
  const run = studyRun(setting, seed, answer);
  writeFileSync(`${kept}.new`, `${JSON.stringify({ hash, document: answer }, null, 1)}\n`);
  renameSync(`${kept}.new`, kept);
  return run;
}

/** The quickstart's own file, on the functions it excludes, without sealed evaluation: that split stays for its users. */
function document(name: string, seed: number, setting: Setting): z.input<typeof campaignSpec> {
  const example = parse(readFileSync(join(config.repo, 'examples', 'quickstart', 'campaign.yaml'), 'utf8'));
  const base = example as z.input<typeof campaignSpec>;
  const { exclude, startingPassRates: _, ...tasks } = base.tasks;
  const { curriculum: __, ...rollouts } = base.rollouts;
  return {
    ...base,
    name,
    seed,
    rounds: setting.rounds ?? base.rounds,
    tasks: { ...tasks, ...(exclude ? { only: exclude } : {}), splits: { visible: 0.6, gate: 0.36, sealed: 0.04 } },
    harness: { ...base.harness, ...setting.harness },
    rollouts: { ...rollouts, ...setting.rollouts },
    reward: { ...base.reward, ...setting.reward },
    training: { ...base.training, ...setting.training },
    evaluation: { ...base.evaluation, ...setting.evaluation },
    budget: { ...base.budget, sealedOpenings: 0 },
  };
}

/** Runs the campaign to its end and gives the JSON document that the command prints. */
async function quickstart(file: string): Promise<string> {
  const args = ['quickstart', '-f', file, '--yes', '--json', '--keep-up'];
  await using ending = endingStack();
  const child = spawn(join(config.repo, 'anneal'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  ending.defer(async () => {
    if (child.exitCode === null) child.kill('SIGINT');
    await ended;
  });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const code = await ended;
  if (code !== 0) throw new Error(`the campaign of ${file} ended with exit code ${code}`);
  return answer;
}
