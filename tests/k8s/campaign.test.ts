// A whole campaign in pods, and what is killed on the way: the trainer, the worker, the kubelet, the API server for half a minute;
// all of it one trace, kills or not. With ANNEAL_K8S_DEEP=1 it is the example itself, and another one is cancelled while it trains, and
// taken up again.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { isAlive, signalProcess } from '../../infra/process/identity.ts';
import { pod as podSchema } from '../../k8s/cluster/objects.ts';
import { prepareCampaigns } from '../../k8s/testbed/campaigns.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt } from '../support/cluster.ts';
import { type Command, type Finished, type Journey, openJourney, until } from '../support/journey.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { allProcesses, processesWith } from '../support/processes.ts';

const PARTS = ['kubelet', 'jobset', 'store'] as const;
const canRun = process.getuid?.() === 0 && isBuilt(PARTS);
const SMALL = join(import.meta.dirname, 'campaign.yaml');
const EXAMPLE = join(import.meta.dirname, '../../examples/10-kubernetes/campaign.yaml');
const DEEP = process.env.ANNEAL_K8S_DEEP !== undefined;
const FILE = DEEP ? EXAMPLE : SMALL;
const ROUNDS = 3;
const MINUTES = 60_000;
const API_DOWN_MS = 30_000;

const settings = z.looseObject({
  name: campaignName,
  rounds: z.int(),
  profile: z.string(),
  rollouts: z.looseObject({ groupsPerRound: z.int(), groupSize: z.int() }),
});

const answer = z.object({
  ending: z.string(),
  rounds: z.array(z.object({ round: z.int() })),
  conservation: z.object({ balanced: z.boolean(), prompts: z.int(), trained: z.int() }),
  release: z.string().nullable(),
});
const names = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

describe.skipIf(!canRun)('a campaign in pods', () => {
  let dir: string;
  let testbed: Testbed;
  let receiver: OtlpReceiver;
  let journey: Journey;
  let spec: z.infer<typeof settings>;
  let command: Command;
  let finished: Finished;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-campaign-'));
    testbed = await startTestbed({ dir, parts: PARTS });
    const { environment } = await prepareCampaigns(testbed, () => undefined);
    // The S3 client of this process reads them too.
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environment;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
    receiver = await startOtlpReceiver(networkOf(testbed.layout).gateway);
    const { endpoint } = receiver;
    journey = await openJourney({
      env: { ...environment, ANNEAL_OTLP_ENDPOINT: endpoint, ANNEAL_KUBE_OTLP_ENDPOINT: endpoint },
    });
    spec = await settingsOf(FILE);
    command = journey.start(['quickstart', '--yes', '--json', '--keep-up', '--file', FILE], {
      timeoutMs: 30 * MINUTES,
    });
  }, 5 * MINUTES);

  afterAll(async () => {
    const left = await journey?.end();
    await receiver?.close();
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
    expect(left ?? []).toEqual([]);
  }, 2 * MINUTES);

  test('goes on when the trainer is killed in its pod', { timeout: 6 * MINUTES }, async () => {
    const trainer = await trainingIn(1);
    expect(signalProcess(trainer, 'SIGKILL')).toBe(true);
    await until(
      'a second attempt runs',
      async () => (await attempts(1)).find((name) => name.endsWith('-a2')),
      2 * MINUTES,
    );
  });

  test('goes on when the worker is killed, while that attempt trains', { timeout: 6 * MINUTES }, async () => {
    await trainingIn(1);
    await journey.kill('worker');
  });

  test('goes on when the kubelet is killed, its pods untouched', { timeout: 6 * MINUTES }, async () => {
    const trainer = await trainingIn(2);
    await testbed.kill('kubelet');
    await sleep(10_000);
    await testbed.start('kubelet');
    // The same process: nobody was started anew.
    expect((await trainersOf(2)).map(({ pid }) => pid)).toEqual((await isDone(2)) ? [] : [trainer.pid]);
  });

  test('goes on when the API server is away for 30 s', { timeout: 6 * MINUTES }, async () => {
    await trainingIn(3);
    await testbed.kill('kube-apiserver');
    await sleep(API_DOWN_MS);
    await testbed.start('kube-apiserver');
  });

  test('comes to its end, with the books balanced', { timeout: 15 * MINUTES }, async () => {
    finished = await command.finished;
    expect(finished.code, finished.stderr.slice(-3_000)).toBe(0);
    const { rounds, conservation } = answer.parse(JSON.parse(finished.stdout));
    expect(rounds).toHaveLength(ROUNDS);
    expect(conservation.balanced).toBe(true);
    expect(conservation.prompts).toBe(ROUNDS * spec.rollouts.groupsPerRound * spec.rollouts.groupSize);
  });

  test('had one job a round, and started none again but the one that was killed', async () => {
    const done = await Promise.all([1, 2, 3].map((round) => isDone(round)));
    expect(done).toEqual([true, true, true]);
    const begun = await Promise.all([1, 2, 3].map(async (round) => (await attempts(round)).length));
    expect(begun).toEqual([2, 1, 1]);
  });

  test('is one trace, from the command to the steps of its trainers', { timeout: MINUTES }, async () => {
    // Rounds whose trainer and whose worker nobody killed. A span that is sent when its process ends comes last.
    const rounds = [2, 3].map((round) => job(round));
    const podOf = (name: string): ReceivedSpan | undefined =>
      receiver.spans.find((span) => span.name === 'pod' && span.attributes['anneal.job'] === name);
    await receiver.until(() => rounds.every((name) => podOf(name) !== undefined));
    const byId = new Map(receiver.spans.map((span) => [span.spanId, span]));
    for (const name of rounds) {
      const path: string[] = [];
      for (let at = podOf(name); at !== undefined; at = byId.get(at.parentSpanId)) path.unshift(at.name);
      expect(path).toEqual(['anneal submit', 'start campaign', 'campaign', 'training', 'runJob', 'pod']);
      const [train] = receiver.spans.filter(
        (span) => span.name === 'train' && span.parentSpanId === podOf(name)?.spanId,
      );
      expect(
        receiver.spans.some((span) => span.name === 'step' && span.parentSpanId === train?.spanId),
        name,
      ).toBe(true);
    }
    expect(new Set(rounds.map((name) => podOf(name)?.traceId)).size).toBe(1);
  });

  test('leaves no server behind', { timeout: 2 * MINUTES }, async () => {
    // Whoever lost the API server looks for it again every 30 s at most: first those who delete what a server owns, then the kubelet.
    await expect.poll(() => serversOf(spec.name), { timeout: 90_000, interval: 500 }).toEqual([]);
  });

  describe.skipIf(!DEEP)('cancelled while it trains', () => {
    const name = campaignName.parse('pods-cancelled');

    test('ends its job first, which saves what it has, then its servers', { timeout: 6 * MINUTES }, async () => {
      const file = join(dir, 'cancelled.yaml');
      const small = await settingsOf(SMALL);
      const profile = resolve(import.meta.dirname, small.profile);
      await writeFile(file, stringify({ ...small, name, rounds: 1, profile }));
      expect((await journey.run(['submit', file])).code).toBe(0);
      // The one that the pod runs, and the one that it has begun to train with.
      const processes = () => allProcesses((text) => /anneal_trainer .*pods-cancelled-r1-train/.test(text));
      const both = await until(
        'it trains',
        async () => {
          const found = processes();
          return found.length > 1 ? found : undefined;
        },
        4 * MINUTES,
        100,
      );
      const trainer = (await trainersOf(1, name))[0]!;
      // Not as long as its training takes.
      await sleep(2_000);
      // For a while it does not hear that it is to end: longer than a trainer on one machine is given. Nor does it go on, however late a
      // busy kubelet tells that its pod runs.
      const send = (signal: NodeJS.Signals): void => {
        for (const one of both) signalProcess(one, signal);
      };
      send('SIGSTOP');
      await until('its pod runs', async () => ((await podRuns(1, name)) ? true : undefined), MINUTES, 100);
      setTimeout(() => send('SIGCONT'), 15_000);
      expect((await journey.run(['cancel', name])).code).toBe(0);
      const seen: string[] = [];
      await until(
        'nothing of it is left',
        async () => {
          // The trainer is asked for last: a server that is gone while it still runs would be seen.
          const servers = (await serversOf(name)).length > 0;
          const trains = isAlive(trainer);
          const state = `${trains ? 'trainer' : '-'} ${servers ? 'server' : '-'}`;
          if (seen.at(-1) !== state) seen.push(state);
          return servers || trains ? undefined : true;
        },
        2 * MINUTES,
        50,
      );
      expect(seen).not.toContain('trainer -');
      await expect.poll(async () => (await journey.status(name))?.state.ending, { timeout: MINUTES }).toBe('cancelled');
      expect(await isDone(1, name)).toBe(false);
    });

    test('goes on from there when it is taken up again', { timeout: 6 * MINUTES }, async () => {
      expect((await journey.run(['resume', name])).code).toBe(0);
      await until('it is trained', async () => ((await isDone(1, name)) ? true : undefined), 4 * MINUTES, 500);
      expect(await attempts(1, name)).toHaveLength(2);
      await journey.run(['cancel', name]);
      await expect.poll(() => serversOf(name), { timeout: MINUTES, interval: 500 }).toEqual([]);
    });
  });

  const job = (round: number, name: CampaignName = spec.name): string => `${name}-r${round}-train`;
  const isDone = async (round: number, name?: CampaignName): Promise<boolean> =>
    (await journey.store.readNamed(`jobs/${job(round, name)}/result`)) !== undefined;

  /** Attempts that were begun: each is noted in the bucket before anything is created. */
  async function attempts(round: number, name?: CampaignName): Promise<string[]> {
    const keys = await journey.store.listNamed(`jobs/${job(round, name)}/attempts/`);
    return keys
      .filter((key) => key.endsWith('/begun'))
      .map((key) => key.replace(/^.*\/(\d+)\/begun$/, `${job(round, name)}-a$1`));
  }

  const trainersOf = async (round: number, name?: CampaignName) =>
    processesWith(`anneal_trainer pod --name ${job(round, name)} `);

  async function serversOf(name: CampaignName) {
    const path = `/apis/apps/v1/namespaces/anneal/deployments?labelSelector=anneal.dev/campaign=${name}`;
    return names.parse(await testbed.api.call('GET', path)).items;
  }

  /** The trainer's process, once it has begun. A kubelet that is busy may tell of its pod later than a short training lasts. */
  async function trainingIn(round: number) {
    const trainer = await until(
      `round ${round} trains`,
      async () => {
        if (!command.running())
          throw new Error(`the campaign ended early:\n${(await command.finished).stderr.slice(-3_000)}`);
        return (await trainersOf(round))[0];
      },
      5 * MINUTES,
      100,
    );
    for (let look = 0; look < 20 && !(await podRuns(round)); look += 1) await sleep(100);
    return trainer;
  }

  async function podRuns(round: number, name?: CampaignName): Promise<boolean> {
    const selector = `labelSelector=anneal.dev/job=${job(round, name)}`;
    const list = await testbed.api.call('GET', `/api/v1/namespaces/anneal/pods?${selector}`);
    return z
      .object({ items: z.array(podSchema) })
      .parse(list)
      .items.some((one) => one.status.phase === 'Running');
  }
});

async function settingsOf(file: string): Promise<z.infer<typeof settings>> {
  return settings.parse(parse(await readFile(file, 'utf8')));
}
