// Submits of one team at once, on a real Temporal server that no worker polls, by way of a folder and of an S3 server: as many are
// started as the quota has places for. And a command that is killed between its reservation and its start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { sha256 } from '../../contracts/ids.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import { teamSpec } from '../../contracts/team.ts';
import { reservationsName, teamReservations } from '../../contracts/team-reservation.ts';
import { loadConfig } from '../../infra/config.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { createCampaigns } from '../../infra/temporal/campaigns.ts';
import { RESERVED_MS } from '../../policies/team-reservations.ts';
import { s3Binary, startS3Server } from '../../tests/support/s3-server.ts';
import { scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { resumeCampaign, submitFile } from '../commands/campaigns.ts';
import type { Session } from '../session.ts';
import { reserve } from './admission.ts';

let server: TestServer;
const home = mkdtempSync(join(tmpdir(), 'anneal-admission-'));
beforeAll(async () => {
  server = await startTemporal();
});
afterAll(async () => {
  vi.useRealTimers();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Of one team each, since the server is everybody's. */
function at(team: string, open: () => ArtifactStore, campaigns = 2) {
  const owner = `owner-of-${team}`;
  const spec = (name: string) => scriptedSpec(`${team}-${name}`, { owner });
  const config = loadConfig({ environment: { ANNEAL_HOME: home } });
  const ours = teamSpec.parse({
    ...{ name: team, members: [owner], temporal: { namespace: config.temporal.namespace } },
    quota: { gpus: 0, tokens: 100 * spec('any').budget.tokens, campaigns },
  });
  /** What one command has: nothing is shared with another but store and server. */
  const session = (): Session => {
    const store = open();
    return {
      ...{ config, store },
      teams: async () => [ours],
      campaigns: async () => createCampaigns(server.client, store),
      traced: <T>(_: string, work: () => Promise<T>) => work(),
    } as unknown as Session;
  };
  const submit = (name: string, specJson = canonicalJson(spec(name))) => {
    const hash = createHash('sha256').update(specJson).digest('hex');
    return submitFile(session(), { spec: spec(name), specJson, hash, files: [] } as never);
  };
  const known = () => ({ store: open(), campaigns: createCampaigns(server.client, open()) });
  const place = (name: string) => {
    const { name: campaign, budget } = spec(name);
    const asked = { campaign, owner, gpus: 0, tokens: budget.tokens, cluster: false };
    return reserve(ours, { ...asked, workflow: campaignWorkflowId(campaign) }, known());
  };
  const onRecord = async (): Promise<string[]> => {
    const kept = await open().readNamed(reservationsName(ours.name));
    const { reservations } = teamReservations.parse(JSON.parse(new TextDecoder().decode(kept!.bytes)));
    return reservations.map((one) => one.campaign.slice(team.length + 1)).sort();
  };
  const terminate = (name: string) =>
    server.client.workflow.getHandle(campaignWorkflowId(spec(name).name)).terminate('by hand');
  return { ours, spec, session, submit, known, place, onRecord, terminate };
}

const started = (all: PromiseSettledResult<string>[]): string[] =>
  all.map((one) =>
    one.status === 'fulfilled' ? one.value : ((one.reason as { code?: string }).code ?? String(one.reason)),
  );

describe.each(['folder', 's3'] as const)('by way of a store: %s', (kind) => {
  const skipped = kind === 's3' && s3Binary() === undefined;
  let open: () => ArtifactStore = () => createFolderStore(join(home, 'store'));
  let stop = async (): Promise<void> => {};
  beforeAll(async () => {
    if (kind !== 's3' || skipped) return;
    const s3 = await startS3Server({ serial: true });
    const address = s3.address();
    [open, stop] = [() => createS3Store(address), () => s3.stop()];
  });
  afterAll(() => stop());

  test.skipIf(skipped)('of five submits at once two are admitted', async () => {
    const { submit, onRecord, spec, terminate } = at(`five-${kind}`, open);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const all = started(await Promise.allSettled(names.map((name) => submit(name))));
    expect(all.toSorted()).toEqual(['started', 'started', 'team.quota', 'team.quota', 'team.quota']);
    const running = names.filter((_, index) => all[index] === 'started');
    expect(await onRecord()).toEqual(running);
    const found = await Promise.all(names.map((name) => createCampaigns(server.client, open()).phase(spec(name).name)));
    expect(found.filter((phase) => phase === 'running')).toHaveLength(2);
    // A place that comes free is one place.
    await terminate(running[0]!);
    const rest = names.filter((name) => !running.includes(name));
    const again = started(await Promise.allSettled(rest.map((name) => submit(name))));
    expect(again.toSorted()).toEqual(['started', 'team.quota', 'team.quota']);
  });
});

describe('a reservation', () => {
  const open = () => createFolderStore(join(home, 'store'));

  test('is one for the same campaign submitted twice at once, and is there while it runs', async () => {
    const { submit, onRecord } = at('twice', open, 1);
    const both = started(await Promise.allSettled([submit('a'), submit('a')]));
    expect(both.toSorted()).toEqual(['attached', 'started']);
    expect(await submit('a')).toBe('attached');
    expect(new Set(await onRecord())).toEqual(new Set(['a']));
    await expect(submit('b')).rejects.toMatchObject({ code: 'team.quota' });
  });

  test('is given back by a command that fails before its start', async () => {
    const { submit, onRecord } = at('failed', open, 2);
    await submit('a');
    await expect(submit('a', '{}')).rejects.toMatchObject({ code: 'campaign.duplicate_name' });
    expect(await onRecord()).toEqual(['a']);
  });

  test('of a killed command waits: the next submit of the campaign takes it over, another one waits for its time', async () => {
    const { submit, onRecord, ours, spec } = at('killed', open, 1);
    const { owner, budget, name: campaign } = spec('a');
    const asked = {
      campaign,
      owner,
      gpus: 0,
      tokens: budget.tokens,
      cluster: false,
      workflow: campaignWorkflowId(campaign),
    };
    const argv = [
      join(import.meta.dirname, '../../tests/support/killed-submit.ts'),
      server.address,
      join(home, 'store'),
    ];
    const died = await new Promise((resolve) => {
      execFile(process.execPath, [...argv, JSON.stringify(ours), JSON.stringify(asked)], (failure, _out, err) =>
        resolve(failure?.signal ?? err),
      );
    });
    expect(died).toBe('SIGKILL');
    expect(await onRecord()).toEqual(['a']);
    await expect(submit('b')).rejects.toMatchObject({
      code: 'team.quota',
      message: expect.stringMatching(
        /0 of 1|1 of 1.*killed-a counted as reserved; what is not started by 20\S+Z counts no more/,
      ),
    });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + RESERVED_MS });
    expect(await submit('b')).toBe('started');
    vi.useRealTimers();
    expect(await onRecord()).toEqual(['b']);

    const other = at('taken-over', open, 1);
    await other.place('a');
    expect(await other.submit('a')).toBe('started');
  });

  test('of a command that was too slow is lost to one that was admitted meanwhile', async () => {
    const { submit, place } = at('slow', open, 1);
    const slow = await place('a');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + RESERVED_MS });
    expect(await submit('b')).toBe('started');
    vi.useRealTimers();
    const start = vi.fn();
    const late = slow.hold(async (beforeStart) => {
      await beforeStart();
      start();
    });
    await expect(late).rejects.toMatchObject({ code: 'team.quota' });
    expect(start).not.toHaveBeenCalled();
  });

  test('of a command that was suspended since it was renewed starts nothing any more', async () => {
    const { spec, known } = at('suspended', open, 1);
    const [one, specJson] = [spec('a'), canonicalJson(spec('a'))];
    const hash = sha256.parse(createHash('sha256').update(specJson).digest('hex'));
    const { campaigns } = known();
    const late = campaigns.submit(
      { spec: one, specJson, hash },
      {
        async beforeStart() {
          vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + RESERVED_MS });
          return 'start';
        },
      },
    );
    await expect(late).rejects.toMatchObject({ cause: { details: expect.stringMatching(/deadline/i) } });
    vi.useRealTimers();
    expect(await campaigns.phase(one.name)).toBe('absent');
  });

  test('is asked for by a resume, which counts from then on', async () => {
    const { submit, session, spec, terminate } = at('resumed', open, 1);
    await submit('a');
    await terminate('a');
    const resume = resumeCampaign(session(), spec('a').name).then(() => 'resumed');
    const all = started(await Promise.allSettled([resume, submit('b')]));
    expect([
      ['resumed', 'team.quota'],
      ['team.quota', 'started'],
    ]).toContainEqual(all);
  });
});
