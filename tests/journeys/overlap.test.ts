// Rollouts beside training, by a real model on the embedded stack, its worker killed while both are at work: nothing is lost, nothing trains
// twice, nothing is older than the scheduler allows, and training carried each sample's own version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDocuments } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { campaignName } from '../../contracts/ids.ts';
import { jobDocument } from '../../contracts/job.ts';
import { type ReportData, reportData } from '../../contracts/record.ts';
import { type Finished, type Journey, openJourney, until } from '../support/journey.ts';

const FILE = join(import.meta.dirname, 'overlap.yaml');
const NAME = campaignName.parse('overlap');
const MINUTES = 60_000;
/** It takes little more than a minute of a machine that does nothing else. */
const LIMIT = 15 * MINUTES;

let journey: Journey;
let first: Finished;
let report: ReportData;

beforeAll(async () => {
  journey = await openJourney();
  const command = journey.start(['quickstart', '--yes', '--json', '--file', FILE], { timeoutMs: LIMIT });
  await until(
    'groups run on while a round trains',
    async () => {
      if (!command.running()) throw new Error('it ended too early');
      const status = await journey.status(NAME);
      return status?.stage === 'train' && (status.pipeline?.running ?? 0) > 0 ? status : undefined;
    },
    LIMIT,
    50,
  );
  await journey.kill('worker');
  first = await command.finished;
  if (first.code !== 0) console.error(first.stderr.slice(-4_000), journey.logTail('worker'));
  const named = await journey.store.readNamed(`campaigns/${NAME}/report`);
  const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named!.bytes)));
  report = await createDocuments(journey.store).read(reportData, ref);
}, LIMIT + MINUTES);

afterAll(async () => {
  await journey.end();
}, MINUTES);

test('every rollout ends in one state, by three sources', () => {
  expect(first.code).toBe(0);
  expect(report.conservation.problems).toEqual([]);
  const { prompts, trained, masked, cancelled } = report.conservation;
  expect(prompts).toBe(24);
  expect(trained + cancelled + Object.values(masked).reduce((sum, count) => sum + count, 0)).toBe(prompts);
  // A worker's death is nobody's failure.
  for (const reason of ['hung', 'failed', 'infrastructure_failure']) expect(masked).not.toHaveProperty(reason);
});

test('rollouts of the next round began before this one was trained, within the bound', () => {
  const { pipeline } = report;
  expect(pipeline).toMatchObject({ started: 6, trained: 6, open: 0, givenUp: {}, replaced: 0 });
  expect(pipeline!.staleness.max).toBeGreaterThan(0);
  expect(pipeline!.staleness.max).toBeLessThanOrEqual(pipeline!.bound);
  expect(pipeline!.overlap).toBeGreaterThan(0);
});

test('a batch names the version that each of its samples began with', async () => {
  const line = z.looseObject({ id: z.string(), policyVersion: z.int() });
  const behind = new Set<number>();
  for (const { training } of report.state.rounds) {
    if (training === undefined) continue;
    const text = readFileSync(join(journey.config.paths.jobs, training.job, 'job.json'), 'utf8');
    const { inputs, policyVersion } = jobDocument.parse(JSON.parse(text));
    const lines = new TextDecoder()
      .decode(await journey.store.get(inputs.batch))
      .trim()
      .split('\n');
    for (const { id, policyVersion: version } of lines.map((one) => line.parse(JSON.parse(one)))) {
      expect(id).toContain(`/train.v${version}/`);
      behind.add(policyVersion.from - version);
    }
  }
  expect(Math.max(...behind)).toBeGreaterThan(0);
});

test('the report shows it', () => {
  const html = readFileSync(z.looseObject({ report: z.string() }).parse(JSON.parse(first.stdout)).report, 'utf8');
  expect(html).toContain('Rollouts beside training');
  expect(html).toContain('position-window');
  expect(html).toContain('Both at work at once');
});

test('its own scheduler, played again on what its groups and trainings took, comes out at what happened', async () => {
  const { code, stdout, stderr } = await journey.run(['simulate', '--campaign', NAME, '--json']);
  expect(code, stderr).toBe(0);
  const figure = z.looseObject({ figure: z.string(), measured: z.number(), predicted: z.number(), error: z.number() });
  const comparison = z.object({ figures: z.array(figure) });
  const { again, drawn } = z.object({ again: comparison, drawn: comparison }).parse(JSON.parse(stdout));
  const error = Object.fromEntries(again.figures.map((one) => [one.figure, one.error]));
  expect(error.secondsPerStep).toBeLessThan(0.1);
  expect(error.staleness).toBeLessThan(0.1);
  // Drawn one by one, the time without a worker counts as often as there were groups: no bound holds for it here.
  expect(drawn.figures.every(({ predicted }) => predicted >= 0)).toBe(true);
});
