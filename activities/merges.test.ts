// Who lands a change is believed nothing: each of these calls is what a forged or a confused workflow would make. The branch is looked at with git.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import type { CommitId } from '../contracts/change.ts';
import { campaignName, gateId, sha256 } from '../contracts/ids.ts';
import { specName } from '../contracts/names.ts';
import { type MergeStage, mergeStage, type Requested } from '../tests/support/merge-stage.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';

const CRITICAL = { 'guarded/key.py': 'one\n2\nthree\nfour\nfive\n' };

let stage: MergeStage;
let before: CommitId;
const begin = async (...given: Parameters<typeof mergeStage>): Promise<void> => {
  stage = await mergeStage(...given);
  before = stage.branch().tip;
};
beforeEach(() => begin());
afterEach(async () => {
  expect(stage.left()).toEqual({ locks: [], folders: [] });
  await stage.close();
});

type Asked = Parameters<MergeStage['activities']['landCommit']>[0]['asked'];
const land = async (of: Requested, asked: Asked = null, commit?: CommitId) =>
  stage.activities.landCommit({ ...of, asked, commit: commit ?? (await stage.tried(of)) });

/** Nothing has moved, and nothing says that it has. */
async function refused(landing: Promise<unknown>, code: string, why: string): Promise<void> {
  await expect(landing).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  expect(stage.branch()).toEqual({ tip: before, landed: [], tags: [] });
  expect(await stage.noted()).toEqual([]);
}
async function once(of: Requested, tag = `anneal/${of.shown.incident}`): Promise<void> {
  const { tip, landed, tags } = stage.branch();
  expect(landed).toEqual([of.change]);
  expect(tags).toContain(`${tag} ${tip}`);
  expect(await stage.noted()).toMatchObject([{ change: of.change, commit: tip, request: of.request }]);
}

describe('on a critical path', () => {
  let one: Requested;
  beforeEach(async () => {
    one = await stage.request('one', CRITICAL);
  });

  test('a decision on exactly this lands it, once, and stands in the audit log', async () => {
    const asked = await stage.decide(one.evidence);
    expect(await land(one, asked)).toMatchObject({ how: 'landed', tag: 'anneal/one' });
    await once(one);
    expect(await stage.noted()).toMatchObject([{ decision: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  });

  const not = 'decision.not_verified';
  test('no decision, or a gate that nobody has answered', async () => {
    await refused(land(one), not, 'nobody has decided on it');
    await refused(land(one, { evidence: await stage.freeze(one.evidence) }), not, 'one.merge-1 is not answered');
  });

  test.each(['automatic', 'expired'] as const)('a gate that is %s', async (how) => {
    await stage.answer({ how, gate: one.evidence.gate, option: 'merge' });
    await refused(land(one, { evidence: await stage.freeze(one.evidence) }), not, `one.merge-1 is ${how}`);
  });

  test('a no that is passed on as a yes', async () => {
    const asked = await stage.decide(one.evidence, { option: 'leave', answer: (no) => ({ ...no, option: 'merge' }) });
    await refused(land(one, asked), not, 'is leave, not merge');
  });

  test('a decision on another change, and evidence that only speaks of this one', async () => {
    const other = await stage.request('other', { 'guarded/key.py': 'one\ntwo\nthree\nfour\n5\n' });
    await refused(land(one, await stage.decide(other.evidence)), not, 'other.merge-1 was not about this change');
    const spoken = { ...other.evidence, gate: one.evidence.gate, facts: one.evidence.facts };
    await refused(land(one, await stage.decide(spoken)), not, 'one.merge-1 was not about this change');
  });

  const [patch, request] = [{ name: 'change.patch' }, { name: 'merge request' }];
  test.each<[string, (shown: Requested['evidence'], other: Requested['shown']['diagnosis']) => object]>([
    ['another patch', (shown, object) => ({ attachments: [...without(shown, patch), { ...patch, object }] })],
    ['two patches', (shown, object) => ({ attachments: [...shown.attachments, { ...patch, object }] })],
    ['another request', (shown, object) => ({ attachments: [...without(shown, request), { ...request, object }] })],
    ['two changes', ({ facts }) => ({ facts: [...facts, { name: 'change', value: 'f'.repeat(64) }] })],
    ['no change', ({ facts }) => ({ facts: facts.filter(({ name }) => name !== 'change') })],
    ['another kind of gate', () => ({ kind: 'job-failed' })],
    ["another incident's gate", () => ({ gate: gateId.parse('other.merge-1') })],
    ['another campaign', () => ({ campaign: campaignName.parse('other') })],
  ])('evidence that showed %s', async (_, changed) => {
    const shown = { ...one.evidence, ...changed(one.evidence, one.shown.diagnosis) };
    await refused(land(one, await stage.decide(shown)), not, 'was not about this change');
  });

  const elsewhere = { gate: gateId.parse('one.merge-2'), campaign: campaignName.parse('other'), runChain: 'run-2' };
  test.each(['gate', 'campaign', 'runChain'] as const)(
    'a decision for another %s, put on record here',
    async (what) => {
      const asked = await stage.decide(one.evidence, { signed: { [what]: elsewhere[what] } });
      await refused(land(one, asked), 'decision.other_run', `not ${String(one.evidence[what])}`);
    },
  );

  test('a decision on what was shown before, and one that was altered', async () => {
    const evidenceHash = sha256.parse('e'.repeat(64));
    const asked = await stage.decide(one.evidence, { signed: { evidenceHash } });
    await refused(land(one, asked), 'decision.altered', 'other evidence');
  });
  test('a decision whose words were changed after it was signed', async () => {
    const asked = await stage.decide(one.evidence, {
      option: 'leave',
      answer: ({ decision, ...no }) => {
        const body = { ...decision.body, option: 'merge' };
        return { ...no, option: 'merge', decision: { ...decision, body } };
      },
    });
    await refused(land(one, asked), 'decision.altered', '');
  });

  test('a decision that was taken in after its time', async () => {
    const acceptedAt = new Date(Date.now() + 2 * 3_600_000).toISOString();
    const asked = await stage.decide(one.evidence, { answer: (late) => ({ ...late, acceptedAt }) });
    await refused(land(one, asked), 'gate.expired', 'expired at');
  });

  test('an approver whose key is revoked before it lands', async () => {
    const ada = await stage.approver('ada');
    const asked = await stage.decide(one.evidence, { by: ada });
    const commit = await stage.tried(one);
    await stage.people.change({ what: 'key-revoked', keyId: ada.keyId });
    await refused(land(one, asked, commit), 'decision.unknown_signer', 'revoked');
  });

  test('a decision that is undone by nothing: the branch moves on, and it holds for the same change', async () => {
    const asked = await stage.decide(one.evidence);
    const commit = await stage.tried(one);
    const moved = stage.repository.commit('Far', { 'app/more.py': 'x\n' });
    expect(await land(one, asked, commit)).toEqual({ how: 'moved', tip: moved });
    expect(await land(one, asked)).toMatchObject({ how: 'landed' });
    await once(one);
  });
});

describe('where nobody decides on what is theirs', () => {
  beforeEach(async () => {
    await stage.close();
    await begin({ approvals: { self: 'refused' } });
  });
  test('the owner’s own yes', async () => {
    const one = await stage.request('one', CRITICAL, { owner: 'local' });
    await refused(land(one, await stage.decide(one.evidence)), 'decision.self_approved', 'local');
  });
  test('a request that names somebody else than the campaign’s specification', async () => {
    const spec = scriptedSpec('study', { owner: 'local' });
    await stage.store.createNamed(specName(spec.name), canonicalJson(await stage.store.put(canonicalJson(spec))));
    const one = await stage.request('one', CRITICAL, { owner: 'somebody', campaign: 'study' });
    await refused(land(one, await stage.decide(one.evidence)), 'decision.self_approved', 'local');
  });
  test('another’s yes is one', async () => {
    const one = await stage.request('one', CRITICAL);
    expect(await land(one, await stage.decide(one.evidence))).toMatchObject({ how: 'landed' });
    await once(one);
  });
});

const without = ({ attachments }: Requested['evidence'], { name }: { name: string }) =>
  attachments.filter((one) => one.name !== name);
