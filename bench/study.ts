// The settings study: whole campaigns over several seeds, on the functions that the quickstart leaves out for it.
//   npm run bench -- study [--settings chosen,hot] [--seeds 1,2,3]
//   npm run bench -- study --pilot      measures the starting pass rates that they draw by, kept beside them
// A finished campaign is not run again: Ctrl-C and the same command go on. What it showed: docs/quickstart-study.md.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
const RATES = 'starting-pass-rates.json';
/** `hash` tells a campaign of today's settings from one of settings that have changed since. */
const finished = z.strictObject({ hash: z.string(), document: z.record(z.string(), z.unknown()) });
const settingName = z.enum(Object.keys(SETTINGS) as [string, ...string[]]);

export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      settings: { type: 'string', default: Object.keys(SETTINGS).join(',') },
      seeds: { type: 'string', default: '1,2,3' },
      pilot: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const settings = z.array(settingName).parse(values.settings.split(','));
  const seeds = z.array(z.coerce.number().int().nonnegative()).parse(values.seeds.split(','));
  mkdirSync(folder, { recursive: true });
  if (values.pilot) return pilot();
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
  const yaml = join(folder, `${name}.yaml`);
  writeFileSync(yaml, stringify(spec));
  const args = ['quickstart', '-f', yaml, '--yes', '--json', '--keep-up'];
  const printed = await anneal(args).finally(() => rmSync(yaml));
  const { report: _, ...answer } = finished.shape.document.parse(JSON.parse(printed));
  const run = studyRun(setting, seed, answer);
  writeFileSync(`${kept}.new`, `${JSON.stringify({ hash, document: answer }, null, 1)}\n`);
  renameSync(`${kept}.new`, kept);
  return run;
}

/** The quickstart's own file, on the functions it excludes, without sealed evaluation: that split stays for its users. */
function document(name: string, seed: number, setting: Setting): z.input<typeof campaignSpec> {
  const example = parse(readFileSync(join(config.repo, 'examples', 'quickstart', 'campaign.yaml'), 'utf8'));
  const base = example as z.input<typeof campaignSpec>;
  if (base.tasks.source !== 'python-stdlib') throw new Error('the study is of functions');
  const { exclude, ...tasks } = base.tasks;
  return {
    ...base,
    name,
    seed,
    rounds: setting.rounds ?? base.rounds,
    tasks: {
      ...tasks,
      ...(exclude ? { only: exclude } : {}),
      startingPassRates: RATES,
      splits: { visible: 0.6, gate: 0.36, sealed: 0.04 },
    },
    harness: { ...base.harness, ...setting.harness },
    rollouts: { ...base.rollouts, ...setting.rollouts },
    reward: { ...base.reward, ...setting.reward },
    training: { ...base.training, ...setting.training },
    evaluation: { ...base.evaluation, ...setting.evaluation },
    budget: { ...base.budget, sealedOpenings: 0 },
  };
}

/** Nearly all of the study's functions are visible to its pilot, whatever split a seed will put them in. */
async function pilot(): Promise<void> {
  const spec = document('study', 0, {});
  const yaml = join(folder, 'pilot.yaml');
  const { startingPassRates: _, ...tasks } = spec.tasks;
  const splits = { visible: 0.96, gate: 0.02, sealed: 0.02 };
  const rates = join(folder, RATES);
  await anneal(['up']);
  writeFileSync(yaml, stringify({ ...spec, tasks: { ...tasks, splits } }));
  await anneal(['pilot', yaml, '--samples', '4', '--out', rates]).finally(() => rmSync(yaml));
  const measured: unknown = JSON.parse(readFileSync(rates, 'utf8'));
  const command = 'npm run bench -- study --pilot';
  writeFileSync(rates, `${JSON.stringify({ ...finished.shape.document.parse(measured), command }, null, 1)}\n`);
}

/** Runs a command of ours to its end and gives what it printed. */
async function anneal(args: readonly string[]): Promise<string> {
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
  if (code !== 0) throw new Error(`anneal ${args.join(' ')} ended with exit code ${code}`);
  return answer;
}
