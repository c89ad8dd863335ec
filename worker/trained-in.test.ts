import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { profileName } from '../contracts/names.ts';
import { loadConfig } from '../infra/config.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { trainedIn } from './trained-in.ts';

const here = loadConfig({ environment: {} });
// All that is read of it.
const spec = { name: 'small', policy: { base: 'smollm2-135m-instruct' } } as CampaignSpec;
const PODS = {
  ANNEAL_COMPUTE: 'kubernetes',
  ANNEAL_STORE: 's3://bucket/place',
  ANNEAL_POLICY_TOKEN_FILE: '/nowhere/token',
};

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'anneal-trained-in-'));
});
afterAll(() => rmSync(home, { recursive: true }));

const inPods = () => {
  const store = createFolderStore(join(home, 'store'));
  return { store, told: trainedIn(loadConfig({ environment: { ...PODS, ANNEAL_HOME: home } }), store) };
};

it('without a trainer on this machine, the model is the pinned one and Python that of the image', async () => {
  const { store, told } = inPods();
  await expect(told.python(spec)).rejects.toMatchObject({ code: 'profile.not_found' });
  await store.createNamed(profileName(spec.name), JSON.stringify(await loadProfile('cpu')));
  expect(await told.python(spec)).toBe('of anneal/trainer-cpu:0.1');
  expect(await told.baseModel(spec)).toEqual({
    base: spec.policy.base,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it.skipIf(!existsSync(here.paths.venvPython))('both say the same of the same model', async () => {
  const there = trainedIn(here, createFolderStore(join(home, 'store')));
  expect(await there.baseModel(spec)).toEqual(await inPods().told.baseModel(spec));
  expect(await there.python(spec)).toMatch(/^Python 3\./);
});
