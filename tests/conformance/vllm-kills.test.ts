// SIGKILL of the orchestrator before, during and after every one of its calls: its successor finds out where the servers are and
// brings them to the version; nothing else is sampled meanwhile. Those that are killed are processes of their own.
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetUpdate } from '../../infra/vllm/fleet.ts';
import { type Fleet, startFleet, type Weights } from '../support/vllm-fleet.ts';
import type { WeightUpdateProcess } from '../support/weight-update-process.ts';

const SERVERS = 2;
/** init, pause, start, update, finish, resume at each server; a step before and one after each call. */
const STEPS = 6 * SERVERS * 2;

let stack: AsyncDisposableStack;
let fleet: Fleet;
let one: Weights;
let two: Weights;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  fleet = stack.use(await startFleet(SERVERS));
  one = await fleet.weights(1);
  two = await fleet.weights(2, one);
  await fleet.move(fleet.update(one, 1));
  for (const server of fleet.servers) server.speeds.completion = 3;
});
afterEach(() => stack.disposeAsync());

/** Patient with calls: they wait behind what a killed one began. */
const patient = (target: Weights, fence: number): FleetUpdate => {
  const timeoutsMs = {
    observe: 5_000,
    init: 5_000,
    pause: 5_000,
    start: 5_000,
    update: 5_000,
    finish: 5_000,
    resume: 5_000,
  };
  return fleet.update(target, fence, { timeoutsMs });
};

async function orchestrate(target: Weights, fence: number, kill?: WeightUpdateProcess['kill']) {
  const update = patient(target, fence);
  const argument = JSON.stringify({ store: fleet.folder, update, ...(kill === undefined ? {} : { kill }) });
  const child = spawn(process.execPath, ['tests/support/weight-update-process.ts', argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stack.defer(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  const lines = printed.trimEnd().split('\n');
  return { signal, lines, last: lines.at(-1)! };
}

test('undisturbed it takes the steps that the kills below are counted by', async () => {
  const { signal, lines } = await orchestrate(two, 2);
  expect(signal).toBeNull();
  expect(lines).toHaveLength(STEPS + 1);
  await fleet.expectServing(two);
});

describe.each(Array.from({ length: STEPS }, (_, step) => step))('killed at step %i', (step) => {
  test('the next one brings every server to the version', async () => {
    const sampling = fleet.sample(one, two);
    const killed = await orchestrate(two, 2, { step });
    expect(killed.signal).toBe('SIGKILL');
    expect(killed.last).toMatch(new RegExp(`^${step} `));
    expect(await fleet.move(patient(two, 2))).toMatchObject({ serving: fleet.urls, lost: [] });
    await fleet.expectServing(two);
    await sampling.stop();
    await fleet.audit();
  });
});

describe.each([
  ['init', 0],
  ['pause', 1],
  ['start', 2],
  ['update', 3],
  ['finish', 4],
])('killed while %s is under way', (call, phase) => {
  test('the next one waits for what was begun, and goes to yet another version', async () => {
    for (const server of fleet.servers) server.speeds.worker = 400;
    const three = await fleet.weights(3, one);
    const sampling = fleet.sample(one, two, three);
    // The two calls of a phase are sent together; each phase is four steps.
    const killed = await orchestrate(two, 2, { step: phase * 4 + 1, afterMs: 60 });
    expect(killed.signal).toBe('SIGKILL');
    expect(killed.last).toMatch(new RegExp(`before ${call}$`));
    expect(await fleet.move(patient(three, 3))).toMatchObject({ serving: fleet.urls, lost: [] });
    await fleet.expectServing(three);
    await sampling.stop();
    await fleet.audit();
  });
});

test('killed again and again, at any step, the last one still arrives', async () => {
  const sampling = fleet.sample(one, two);
  for (const step of [3, 1, 6, 2, 5, 0, 4]) {
    const { signal, last } = await orchestrate(two, 2, { step });
    // It may have less to do than that.
    if (signal === null) expect(JSON.parse(last)).toMatchObject({ lost: [] });
  }
  await fleet.move(patient(two, 2));
  await fleet.expectServing(two);
  await sampling.stop();
  await fleet.audit();
});
