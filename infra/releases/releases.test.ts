import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { makePolicyName } from '../../contracts/ids.ts';
import type { Releases } from '../../contracts/ports.ts';
import { releaseManifest } from '../../contracts/release.ts';
import type { LocalIdentity } from '../identity/local.ts';
import { BASE, CAMPAIGN, exampleRelease, openReleases } from './release.fixture.ts';
import { createReleases } from './releases.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
let root: string;
let store: ArtifactStore;
let audit: AuditLog;
let identity: LocalIdentity;
let releases: Releases;
beforeEach(async () => {
  ({ root, store, identity, audit, releases } = await openReleases());
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function revoke(): Promise<void> {
  const path = join(root, 'keys/approvers.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as { approvers: { revokedAt?: string }[] };
  file.approvers[0]!.revokedAt = '2030-01-01T00:00:00.000Z';
  await writeFile(path, JSON.stringify(file));
}

const history = async () => (await releases.current(BASE))?.history.map((entry) => `${entry.how} ${entry.policy}`);
const read = async (ref: ArtifactRef) =>
  releaseManifest.parse(JSON.parse(new TextDecoder().decode(await store.get(ref))));

describe('publish', () => {
  it('signs and stores the manifest, and moves the pointer', async () => {
    expect(await releases.current(BASE)).toBeUndefined();
    const first = await releases.publish(await exampleRelease(store, identity));
    const manifest = await read(first);
    expect(manifest.body.previous).toBeNull();
    expect(identity.verifyBytes(canonicalJson(manifest.body), manifest).approver).toBe('local');
    const second = await releases.publish(await exampleRelease(store, identity, { version: 4 }));
    expect((await read(second)).body.previous).toBe(first.sha256);
    expect(await releases.current(BASE)).toMatchObject({ policy: 'quickstart.v4', manifest: second });
    expect(await history()).toEqual(['release quickstart.v3', 'release quickstart.v4']);
  });

  it('publishes the same release once, however often and however concurrently it is asked for', async () => {
    const input = await exampleRelease(store, identity);
    const refs = await Promise.all(Array.from({ length: 5 }, () => releases.publish(input)));
    refs.push(await releases.publish(input));
    // A later try measures the machine anew; the release stays the one that was signed.
    const remeasured = { ...input.body.manifest, git: { commit: 'unknown', dirty: false } };
    refs.push(await releases.publish({ ...input, body: { ...input.body, manifest: remeasured } }));
    expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1);
    expect(await history()).toEqual(['release quickstart.v3']);
  });

  it('does not release again what was rolled back since, when an old call is repeated', async () => {
    await releases.publish(await exampleRelease(store, identity));
    const input = await exampleRelease(store, identity, { version: 4 });
    await releases.publish(input);
    await releases.rollback(BASE);
    await releases.publish(input);
    expect((await releases.current(BASE))?.policy).toBe('quickstart.v3');
  });

  it('completes a release that was interrupted after any step', async () => {
    const input = await exampleRelease(store, identity);
    for (const step of ['put', 'createNamed', 'swapNamed'] as const) {
      const dying: ArtifactStore = {
        ...store,
        [step]: async (...args: never[]) => {
          await (store[step] as (...args: never[]) => Promise<unknown>)(...args);
          throw new Error('killed');
        },
      };
      await expect(createReleases(dying, identity, audit).publish(input), step).rejects.toThrow('killed');
    }
    await releases.publish(input);
    expect(await history()).toEqual(['release quickstart.v3']);
  });

  it('lets one of two releases win, and the other says so', async () => {
    const inputs = [await exampleRelease(store, identity), await exampleRelease(store, identity, { version: 4 })];
    // Both read the pointer before either moves it.
    const done = await Promise.allSettled(inputs.map((input) => releases.publish(input)));
    const lost = done.filter((one) => one.status === 'rejected');
    expect(lost.length).toBeLessThanOrEqual(1);
    for (const one of lost) expect(one.reason).toEqual(code('release.conflict'));
    expect(await history()).toHaveLength(2 - lost.length);
  });

  it('refuses a release whose predecessor changed between decision and effect', async () => {
    const input = await exampleRelease(store, identity);
    const killed: ArtifactStore = {
      ...store,
      swapNamed: async () => {
        throw new Error('killed');
      },
    };
    await expect(createReleases(killed, identity, audit).publish(input)).rejects.toThrow('killed');
    await releases.publish(await exampleRelease(store, identity, { version: 4 }));
    await expect(releases.publish(input)).rejects.toEqual(code('release.conflict'));
    expect(await history()).toEqual(['release quickstart.v4']);
  });

  it('refuses a decision that was spent on another release (replay)', async () => {
    const input = await exampleRelease(store, identity);
    await releases.publish(input);
    const policy = { ...input.body.policy, adapter: await store.put('another adapter under the same name') };
    await expect(releases.publish({ ...input, body: { ...input.body, policy } })).rejects.toEqual(
      code('decision.replayed'),
    );
  });

  it('refuses a decision about another policy', async () => {
    const input = await exampleRelease(store, identity);
    const policy = { ...input.body.policy, number: 9, name: makePolicyName(CAMPAIGN, 9) };
    await expect(releases.publish({ ...input, body: { ...input.body, policy } })).rejects.toEqual(
      code('decision.replayed'),
    );
    for (const facts of [
      [],
      [
        { name: 'policy', value: 'quickstart.v3' },
        { name: 'policy', value: 'quickstart.v9' },
      ],
    ]) {
      const unclear = await exampleRelease(store, identity, { evidence: { facts } });
      await expect(releases.publish(unclear)).rejects.toEqual(code('decision.replayed'));
    }
    expect(await history()).toBeUndefined();
  });

  it('refuses another adapter than the evidence names', async () => {
    const facts = [
      { name: 'policy', value: 'quickstart.v3' },
      { name: 'adapter', value: 'e'.repeat(64) },
    ];
    const input = await exampleRelease(store, identity, { evidence: { facts } });
    await expect(releases.publish(input)).rejects.toEqual(code('decision.replayed'));
    const named = [facts[0]!, { name: 'adapter', value: input.body.policy.adapter!.sha256 }];
    await releases.publish(await exampleRelease(store, identity, { evidence: { facts: named } }));
  });

  it('refuses the other option, another kind of gate, and evidence that the store does not hold', async () => {
    const kept = await exampleRelease(store, identity, { answer: { option: 'keep' } });
    await expect(releases.publish(kept)).rejects.toEqual(code('decision.not_verified'));
    const otherKind = await exampleRelease(store, identity, { evidence: { kind: 'promotion' } });
    await expect(releases.publish(otherKind)).rejects.toEqual(code('decision.not_verified'));
    const input = await exampleRelease(store, identity);
    await expect(releases.publish({ ...input, evidence: await store.put('other') })).rejects.toEqual(
      code('decision.altered'),
    );
    await rm(join(root, 'store', input.evidence.uri.slice('store:'.length)));
    await expect(releases.publish(input)).rejects.toEqual(code('store.not_found'));
    expect(await history()).toBeUndefined();
  });

  it('refuses evidence of another run, campaign or set of options', async () => {
    const otherRun = await exampleRelease(store, identity, { evidence: { runChain: 'run-2' } });
    await expect(releases.publish(otherRun)).rejects.toEqual(code('decision.other_run'));
    const input = await exampleRelease(store, identity);
    const context = { ...input.context, runChain: 'run-2' };
    await expect(releases.publish({ ...input, context })).rejects.toEqual(code('decision.other_run'));
    const more = await exampleRelease(store, identity, { context: { options: ['release', 'keep', 'burn'] } });
    await expect(releases.publish(more)).rejects.toEqual(code('decision.altered'));
  });

  it('verifies the decision itself: forged, altered, expired and revoked ones move nothing', async () => {
    const input = await exampleRelease(store, identity);
    const { decision } = input.body;
    const altered = { ...decision, body: { ...decision.body, reason: 'another' } };
    await expect(releases.publish({ ...input, body: { ...input.body, decision: altered } })).rejects.toEqual(
      code('decision.altered'),
    );
    const old = await exampleRelease(store, identity, { answer: { now: new Date('2020-01-01T00:00:00Z') } });
    await expect(releases.publish(old)).rejects.toEqual(code('gate.expired'));
    await revoke();
    await expect(releases.publish(input)).rejects.toEqual(code('decision.unknown_signer'));
    expect(await history()).toBeUndefined();
  });

  it('refuses a release whose files are missing', async () => {
    const input = await exampleRelease(store, identity);
    await rm(join(root, 'store', input.body.exports[0]!.object.uri.slice('store:'.length)));
    await expect(releases.publish(input)).rejects.toEqual(code('store.not_found'));
    expect(await history()).toBeUndefined();
  });
});

it('can be rolled back when the approver was revoked since', async () => {
  for (const version of [1, 2]) await releases.publish(await exampleRelease(store, identity, { version }));
  await revoke();
  expect((await releases.current(BASE))?.policy).toBe('quickstart.v2');
  expect((await releases.rollback(BASE)).pointer.policy).toBe('quickstart.v1');
});

it('does not show a pointer whose manifest nobody signed', async () => {
  const ref = await releases.publish(await exampleRelease(store, identity));
  const manifest = await read(ref);
  const forged = await store.put(canonicalJson({ ...manifest, body: { ...manifest.body, exports: [] } }));
  const named = await store.readNamed(`released/${BASE}`);
  const pointer = JSON.parse(new TextDecoder().decode(named!.bytes)) as object;
  await store.swapNamed(`released/${BASE}`, named!.tag, canonicalJson({ ...pointer, manifest: forged }));
  await expect(releases.current(BASE)).rejects.toEqual(code('decision.altered'));
});
