// Trajectories in the pool, and a disk that is full.
import { describe, expect, test } from 'vitest';
import type { RolloutId } from '../../contracts/ids.ts';
import { diskIo } from '../../gateway/segments/log.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { chat, claims, rollout, SECRET, trajectoryOf } from '../support/gateway.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();

describe('trajectories', () => {
  test('are written once: the same again is fine, another is a conflict, also at once and after a restart', async () => {
    const record = trajectoryOf(rollout(0));
    const reordered = Object.fromEntries(Object.entries(record).reverse()) as typeof record;
    await Promise.all([
      on.client.recordTrajectory(record),
      on.client.recordTrajectory(reordered),
      on.client.recordTrajectory(record),
    ]);
    const other = trajectoryOf(rollout(0), { outcome: 'success' });
    await expect(on.client.recordTrajectory(other)).rejects.toMatchObject({ code: 'gateway.conflict' });
    await on.gateway.close();
    await on.open();
    await on.client.recordTrajectory(record);
    await expect(on.client.recordTrajectory(other)).rejects.toMatchObject({ code: 'gateway.conflict' });
    expect(await on.client.trajectories('demo/')).toEqual([record]);
  });

  test('two different ones at once: one wins, the other is told', async () => {
    const results = await Promise.allSettled([
      on.client.recordTrajectory(trajectoryOf(rollout(0))),
      on.client.recordTrajectory(trajectoryOf(rollout(0), { outcome: 'success' })),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('are read by prefix, sorted by id', async () => {
    const ids = [rollout(10), rollout(2, 10), rollout(2), rollout(1), rollout(1, 2)];
    for (const id of ids) await on.client.recordTrajectory(trajectoryOf(id));
    const read = async (prefix: string) => (await on.client.trajectories(prefix)).map((one) => one.rollout);
    expect(await read('demo/')).toEqual([...ids].sort());
    expect(await read('demo/r1')).toEqual([rollout(1), rollout(10), rollout(2), rollout(2, 10)]);
    expect(await read('demo/r1/')).toEqual([rollout(1), rollout(10), rollout(2)]);
    expect(await read(rollout(1))).toEqual([rollout(1), rollout(10)]);
    expect(await read('demo/r7/train')).toEqual([]);
    expect(await read('demo2/')).toEqual([]);
  });

  test('must be valid and of the credential’s campaign', async () => {
    const post = async (body: unknown, of: Parameters<typeof claims>[0] = { scope: 'pool' }) => {
      const headers = { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` };
      const response = await fetch(`${on.gateway.url}/pool/trajectories`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    const wrong = await post({ ...trajectoryOf(rollout(0)), outcome: 'maybe', extra: 1 });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toMatch(/outcome.*extra/);
    expect((await post(trajectoryOf('other/r1/train.v0/g0/s0' as RolloutId))).status).toBe(401);
    expect((await post(trajectoryOf(rollout(0)), {})).status).toBe(401);
    expect((await post(trajectoryOf(rollout(0)))).status).toBe(201);
    expect((await post(trajectoryOf(rollout(0)))).status).toBe(200);
    const read = async (path: string, of: Parameters<typeof claims>[0]) =>
      (
        await fetch(on.gateway.url + path, {
          headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` },
        })
      ).status;
    expect(await read('/pool/trajectories?prefix=demo/', { scope: 'pool' })).toBe(200);
    for (const path of ['/pool/trajectories', '/pool/completions?prefix=demo', '/pool/completions?prefix=other/']) {
      expect(await read(path, { scope: 'pool' }), path).toBe(401);
    }
    expect(await read('/pool/completions?prefix=demo/', {})).toBe(401);
  });
});

describe('a full disk', () => {
  test('is a 507 and no answer; when there is room again the retry succeeds', async () => {
    await on.gateway.close();
    let full = true;
    await on.open({
      io: {
        write: (file, bytes, position) =>
          full
            ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
            : diskIo.write(file, bytes, position),
        sync: diskIo.sync,
      },
    });
    const refused = await chat(on.gateway.url, { index: 0 });
    expect([refused.status, refused.body.error?.code, refused.body.choices]).toEqual([
      507,
      'store.no_space',
      undefined,
    ]);
    await expect(on.client.recordTrajectory(trajectoryOf(rollout(0)))).rejects.toMatchObject({
      code: 'store.no_space',
    });
    expect(await on.client.completions('demo/')).toEqual([]);
    full = false;
    expect((await chat(on.gateway.url, { index: 0 })).body.id).toBe('demo/r1/train.v0/g0/s0/c0');
    await on.client.recordTrajectory(trajectoryOf(rollout(0)));
    await on.gateway.close();
    await on.open();
    expect((await on.client.completions('demo/')).length).toBe(1);
    expect((await on.client.trajectories('demo/')).length).toBe(1);
  });
});
