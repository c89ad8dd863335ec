// What the browser builds is what the verifier reads: one schema, one hash, whatever somebody writes as a reason.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import { decisionBody } from '../../contracts/gate.ts';
import { bodyOf, challengeOf, type DecisionData } from '../assets/decision-body.ts';

const data: DecisionData = {
  ...{ campaign: 'demo', runChain: 'run-1', gate: 'demo.release', evidenceHash: 'e'.repeat(64), approver: 'ada' },
  ...{ options: [{ name: 'release', effect: 'Released.' }], keys: [], rpId: 'localhost', ttlMs: 600_000 },
  ...{ now: '2031-01-01T00:00:00.000Z', csrf: 'x' },
};

it('is a decision’s body, good for as long as the page says', () => {
  const body = bodyOf(data, { option: 'release', reason: 'It holds.' }, new Date('2031-05-01T12:00:00.000Z'));
  expect(decisionBody.parse(body)).toEqual(body);
  expect([body.signedAt, body.expiresAt]).toEqual(['2031-05-01T12:00:00.000Z', '2031-05-01T12:10:00.000Z']);
  const other = bodyOf(data, { option: 'release', reason: 'It holds.' }, new Date());
  expect([body.id === other.id, body.nonce === other.nonce]).toEqual([false, false]);
});

it('asks for a signature over the hash that the verifier computes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (reason) => {
      const body = bodyOf(data, { option: 'release', reason }, new Date());
      // As it comes by JSON, and is parsed at the edge.
      const read = decisionBody.parse(JSON.parse(JSON.stringify(body)));
      const hash = createHash('sha256').update(canonicalJson(read)).digest('hex');
      expect(Buffer.from(await challengeOf(body)).toString('hex')).toBe(hash);
    }),
  );
});
