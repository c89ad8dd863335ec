// From a decision to the next stage of its campaign, by each of the doors that people use. The console, the command's own code, the gates and
// the campaign's workflow are real, on a real Temporal server; what the campaign does besides asking is *scripted*.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { decide } from '../../cli/commands/gates.ts';
import type { Session } from '../../cli/session.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { CAMPAIGN, campaignWorkflowId, QUEUES } from '../../contracts/names.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { firstState } from '../../infra/temporal/first-state.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { openPage, startChromium } from '../support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../support/console-world.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { scriptedActivities, scriptedSpec } from '../support/scripted-activities.ts';
import { tellFigures } from '../support/told-figures.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
withTemporal();

/** What the campaign begins its next stage with, by the gate that grants it. */
const NEXT = { 'open-sealed': 'openSealed', release: 'publishRelease' } as const;
const OPTIONS = { 'open-sealed': 'open', release: 'release' } as const;
const GATES = ['open-sealed', 'release'] as const;
type Gate = (typeof GATES)[number];
const CAMPAIGNS = 3;
/** The goal is a second, which the acceptance judges by the figures; on a busy machine a test may take some. */
const MOST_MS = 10_000;

let world: ConsoleWorld;
let browser: Browser;
let begun: (stage: string, at: number) => void = () => undefined;
beforeAll(async () => {
  const { activities } = scriptedActivities({ passRates: [0.1, 0.3] });
  const timed = Object.values(NEXT).map((name) => [
    name,
    (input: never) => {
      begun(name, performance.now());
      return activities[name](input);
    },
  ]);
  [world, browser] = await Promise.all([
    openConsoleWorld({}, { ...activities, ...Object.fromEntries(timed) }),
    startChromium(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

/** One campaign from its start to its release. @param answer takes the decision @returns milliseconds from each to its stage */
async function played(name: string, answer: (gate: string, kind: Gate) => Promise<number>): Promise<number[]> {
  const spec = scriptedSpec(name, { rounds: 1 });
  const specRef = await world.store.put(canonicalJson(spec));
  const handle = await temporal().workflow.start('campaign', {
    ...{ workflowId: campaignWorkflowId(spec.name), taskQueue: QUEUES.control },
    args: [{ spec, state: firstState(spec, specRef, specRef.sha256) }],
  });
  const took: number[] = [];
  for (const kind of GATES) {
    const gate = `${name}.${kind}-1`;
    const waiting = async () => (await handle.query<CampaignStatus>(CAMPAIGN.status)).openGate?.gate;
    await expect.poll(waiting, { timeout: 60_000, interval: 100 }).toBe(gate);
    const next = new Promise<number>((resolve) => {
      begun = (stage, at) => stage === NEXT[kind] && resolve(at);
    });
    const taken = await answer(gate, kind);
    took.push((await next) - taken);
  }
  await handle.result();
  return took;
}

const typical = (took: readonly number[]): number => took.toSorted((a, b) => a - b)[took.length >> 1] ?? Number.NaN;

/** Of a few campaigns, one after the other. */
async function measured(named: string, answer: (gate: string, kind: Gate) => Promise<number>) {
  const took: number[] = [];
  for (let at = 1; at <= CAMPAIGNS; at += 1) took.push(...(await played(`${named}-${at}`, answer)));
  return { typical: Math.round(typical(took)), longest: Math.round(Math.max(...took)) };
}

test('decided by the command, a campaign goes on', async ({ task }) => {
  const gates = createGates(temporal(), world.store);
  const session = { gates: async () => gates, identity: async () => world.identity } as unknown as Session;
  const took = await measured('by-command', async (gate, kind) => {
    const taken = performance.now();
    await decide(session, gate, { option: OPTIONS[kind], reason: 'It holds.', unattended: false });
    return taken;
  });
  tellFigures(task, {
    'command to resumed, ms': took.typical,
    'command to resumed, longest, ms': took.longest,
  });
  expect(took.longest).toBeLessThan(MOST_MS);
});

test('decided in the console, a campaign goes on', async ({ task }) => {
  const here = await world.serve();
  const { page, errors } = await openPage(browser);
  const took = await measured('by-console', async (gate, kind) => {
    await page.goto(`${here.url}/gates/${gate}`);
    await filledIn(page, OPTIONS[kind]);
    const taken = performance.now();
    await page.getByRole('button', { name: 'Sign and send' }).click();
    return taken;
  });
  tellFigures(task, {
    'console to resumed, ms': took.typical,
    'console to resumed, longest, ms': took.longest,
  });
  expect(errors).toEqual([]);
  expect(took.longest).toBeLessThan(MOST_MS);
  await page.context().close();
  await here.close();
});

async function filledIn(page: Page, option: string): Promise<void> {
  await page.getByRole('radio', { name: new RegExp(`^${option}`) }).check();
  await page.getByLabel(/Reason/).fill('It holds.');
}
