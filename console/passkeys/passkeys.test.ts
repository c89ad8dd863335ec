// From making a passkey to a decision that verifies: a real browser, its own authenticator, a real provider, the real check.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type Decision, decision, decisionBody } from '../../contracts/gate.ts';
import { sha256 } from '../../contracts/ids.ts';
import { enrolment, fingerprintOf } from '../../infra/people/enrolments.ts';
import { makePasskey, postFrom, signDecision } from '../../tests/support/passkey-scripts.ts';
import { EFFECT, GATE_PATH, usePasskeyStage, type Visitor } from '../../tests/support/passkey-stage.ts';

const stage = usePasskeyStage();
const hash = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

/** Somebody whose passkey an admin has confirmed. */
async function approver(subject: string): Promise<Visitor> {
  const visitor = await stage.visit(subject);
  stage.confirm(await stage.enrol(visitor));
  return visitor;
}

const sentBy = (page: Page): Decision[] => {
  const sent: Decision[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/decisions')) sent.push(decision.parse(request.postDataJSON()));
  });
  return sent;
};

describe('making a passkey', () => {
  it('yields what an admin confirms: the person, the key, where it may be used, and a fingerprint of all of it', async () => {
    const ada = await stage.visit('s-ada');
    const made = enrolment.parse(await stage.enrol(ada));
    expect(made).toMatchObject({
      ...{ name: 'ada', issuer: stage.signIn.provider.issuer, subject: 's-ada' },
      passkey: { algorithm: 'ES256', rpId: 'localhost', origins: [stage.signIn.origin] },
    });
    expect(made.keyId).toBe(hash(Buffer.from(made.passkey.publicKey, 'base64url')).toString('hex'));
    expect(await ada.page.innerText('[data-part=fingerprint]')).toBe(fingerprintOf(made));
    expect(JSON.parse(await ada.page.innerText('[data-part=json]'))).toEqual(made);
    const download = ada.page.waitForEvent('download');
    await ada.page.click('[data-part=download]');
    expect((await download).suggestedFilename()).toBe('enrolment.json');
  });

  it('counts for nothing before an admin has confirmed it', async () => {
    const ada = await stage.visit('s-ada');
    await stage.enrol(ada);
    await ada.page.goto(`${stage.signIn.origin}${GATE_PATH}`);
    await ada.page.check('input[value=release]');
    await ada.page.fill('textarea', 'It holds.');
    await ada.page.click('button[type=submit]');
    expect(await stage.told(ada)).toContain('no passkey that counts here');
    const early = await signedBy(ada.page, bodyFor('ada'), 'required');
    expect(await postFrom(ada.page, '/decisions', early)).toMatchObject({ code: 'decision.unknown_signer' });
    expect(stage.decided).toEqual([]);
  });

  it('is refused to a device that cannot tell its owner, by the browser and by the server', async () => {
    const ada = await stage.visit('s-ada', { hasUserVerification: false });
    await ada.page.goto(`${stage.signIn.origin}/passkeys`);
    await ada.page.click('[data-part=make]');
    await stage.told(ada);
    expect(stage.enrolments).toEqual([]);
    // A changed page that does not ask for it.
    const asked = await postFrom(ada.page, '/passkeys/options', {});
    const made = await makePasskey(ada.page, asked.challenge, 'discouraged');
    expect(await postFrom(ada.page, '/passkeys', made)).toMatchObject({
      ...{ status: 403, code: 'passkey.refused', message: expect.stringContaining('did not ask its owner') },
    });
    expect(stage.enrolments).toEqual([]);
  });

  it('works once for each challenge, and only for whom it was given', async () => {
    const ada = await stage.visit('s-ada');
    await ada.page.goto(`${stage.signIn.origin}/passkeys`);
    const ask = async (page: Page) => (await postFrom(page, '/passkeys/options', {})).challenge;
    const made = await makePasskey(ada.page, await ask(ada.page), 'required');
    const answers = await Promise.all([1, 2].map(() => postFrom(ada.page, '/passkeys', made)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const ben = await stage.visit('s-ben');
    await ben.page.goto(`${stage.signIn.origin}/passkeys`);
    const adas = await makePasskey(ada.page, await ask(ada.page), 'required');
    expect(await postFrom(ben.page, '/passkeys', adas)).toMatchObject({ status: 403, code: 'passkey.refused' });
    expect(stage.enrolments).toHaveLength(1);
  });

  it('is for those who decide', async () => {
    const vic = await stage.visit('s-vic');
    await vic.page.goto(`${stage.signIn.origin}/passkeys`);
    expect(await vic.page.innerText('main')).toContain('sign_in.not_allowed');
  });
});

describe('a decision', () => {
  it('is exactly what the page showed before it asked for the finger, and verifies', async () => {
    const ada = await approver('s-ada');
    const sent = sentBy(ada.page);
    await stage.review(ada);
    expect(sent).toEqual([]);
    const shown = await ada.page.$$eval('[data-part=signed] dt', (terms) =>
      Object.fromEntries(terms.map((term) => [term.textContent, term.nextElementSibling?.textContent])),
    );
    await ada.page.dblclick('[data-part=sign]');
    expect(await stage.told(ada)).toBe('Decided: release');
    expect(sent).toHaveLength(1);
    const [{ body, assertion, keyId }] = sent as [Decision];
    expect(shown).toEqual({
      ...{ Option: 'release', 'What it does': EFFECT, Reason: 'It holds. ☃', Gate: body.gate, Campaign: body.campaign },
      ...{ Run: body.runChain, Evidence: body.evidenceHash, As: 'ada', 'Good until': body.expiresAt },
      'SHA-256 of this': hash(canonicalJson(body))
        .toString('hex')
        .replace(/(.{4})(?=.)/g, '$1 '),
    });
    const client = JSON.parse(Buffer.from(assertion!.clientDataJson, 'base64url').toString());
    expect(client.challenge).toBe(hash(canonicalJson(body)).toString('base64url'));
    expect(stage.decided).toEqual(sent);
    expect(await stage.identity.verify(sent[0]!, stage.gate, new Date())).toEqual({ selfApproved: false });
    expect([body.approver, keyId]).toEqual(['ada', stage.enrolments[0]!.keyId]);
    expect(await ada.page.locator('b', { hasText: 'released' }).count()).toBe(0);
  });

  it('needs its owner: finger, face or PIN', async () => {
    const ada = await approver('s-ada');
    const sent = sentBy(ada.page);
    await stage.review(ada);
    await ada.devices.send('WebAuthn.setUserVerified', { authenticatorId: ada.authenticatorId, isUserVerified: false });
    await ada.page.click('[data-part=sign]');
    expect(await stage.told(ada)).toContain('Nothing was signed');
    expect(sent).toEqual([]);
    // A changed page that does not ask for it.
    const forged = await signedBy(ada.page, bodyFor('ada'), 'discouraged');
    expect(await postFrom(ada.page, '/decisions', forged)).toMatchObject({
      ...{ code: 'decision.altered', message: expect.stringContaining('did not ask its owner') },
    });
    expect(stage.decided).toEqual([]);
  });

  it('that was signed at another address counts for nothing', async () => {
    const ada = await approver('s-ada');
    const hostile = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>Prize!</p>'));
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    const { port } = hostile.address() as AddressInfo;
    await ada.page.goto(`http://localhost:${port}/`);
    const lured = await signedBy(ada.page, bodyFor('ada'), 'required');
    await ada.page.goto(`${stage.signIn.origin}${GATE_PATH}`);
    expect(await postFrom(ada.page, '/decisions', lured)).toMatchObject({
      ...{ code: 'decision.altered', message: expect.stringContaining(`asked at http://localhost:${port}`) },
    });
    // Under another name the browser does not even ask.
    await ada.page.goto(`http://127.0.0.1:${port}/`);
    await expect(signedBy(ada.page, bodyFor('ada'), 'required')).rejects.toThrow(/SecurityError|domain|not allowed/i);
    hostile.closeAllConnections();
    hostile.close();
    expect(stage.decided).toEqual([]);
  });

  it('that the server changes after it was signed is refused, whatever it changes', async () => {
    const ada = await approver('s-ada');
    const changes: Partial<Decision['body']>[] = [
      ...[{ option: 'keep' }, { reason: 'Because.' }, { evidenceHash: sha256.parse('f'.repeat(64)) }],
      { expiresAt: '2039-01-01T00:00:00.000Z' },
    ];
    for (const change of changes) {
      stage.tamper = (one) => ({ ...one, body: { ...one.body, ...change } });
      await stage.review(ada);
      await ada.page.click('[data-part=sign]');
      expect(await stage.told(ada), JSON.stringify(change)).toMatch(/decision\.altered/);
    }
    expect(stage.decided).toEqual([]);
  });

  it('on evidence that has changed since the page was made is refused', async () => {
    const ada = await approver('s-ada');
    await stage.review(ada);
    stage.gate = { ...stage.gate, evidenceHash: sha256.parse('f'.repeat(64)) };
    await ada.page.click('[data-part=sign]');
    expect(await stage.told(ada)).toContain('made on other evidence');
  });

  it('counts once, and for its gate only', async () => {
    const ada = await approver('s-ada');
    const sent = sentBy(ada.page);
    await stage.review(ada);
    await ada.page.click('[data-part=sign]');
    await stage.told(ada);
    expect(await postFrom(ada.page, '/decisions', sent[0])).toMatchObject({ status: 409, code: 'gate.closed' });
    Object.assign(stage, { decided: [], gate: { ...stage.gate, runChain: 'run-2' } });
    expect(await postFrom(ada.page, '/decisions', sent[0])).toMatchObject({ status: 403, code: 'decision.other_run' });
    expect(stage.decided).toEqual([]);
  });

  it('by a passkey that was revoked meanwhile is refused', async () => {
    const ada = await approver('s-ada');
    await stage.review(ada);
    stage.confirm(stage.enrolments[0]!, new Date().toISOString());
    await ada.page.click('[data-part=sign]');
    expect(await stage.told(ada)).toContain('decision.unknown_signer');
  });

  it('of two at once one counts, and the other one is told', async () => {
    const [ada, ben] = [await approver('s-ada'), await approver('s-ben')];
    await stage.review(ada, 'release');
    await stage.review(ben, 'keep', 'Not yet.');
    await Promise.all([ada, ben].map(({ page }) => page.click('[data-part=sign]')));
    const told = await Promise.all([ada, ben].map((one) => stage.told(one)));
    expect(told.filter((text) => text.startsWith('Decided'))).toHaveLength(1);
    expect(told.filter((text) => text.includes('gate.closed'))).toHaveLength(1);
    expect(stage.decided).toHaveLength(1);
  });

  it('is nobody’s once the groups are gone, and not for somebody else to send', async () => {
    const ada = await approver('s-ada');
    const theirs = await signedBy(ada.page, bodyFor('ada'), 'required');
    const ben = await approver('s-ben');
    expect(await postFrom(ben.page, '/decisions', theirs)).toMatchObject({
      status: 403,
      code: 'decision.unknown_signer',
    });
    await stage.review(ada);
    stage.signIn.provider.people.set('s-ada', { name: 'ada', groups: ['ml-readers'] });
    await ada.page.click('[data-part=sign]');
    expect(await stage.told(ada)).toContain('sign_in.not_allowed');
    stage.signIn.provider.people.set('s-ada', { name: 'ada', groups: [] });
    await ada.page.click('button[type=submit]');
    await ada.page.click('[data-part=sign]');
    await expect.poll(() => stage.told(ada)).toContain('not signed in any more');
    expect(stage.decided).toEqual([]);
  });

  it('goes by the server’s clock, and is sent again when the console does not answer', async () => {
    const ada = await approver('s-ada');
    await ada.page.addInitScript('const real = Date.now; Date.now = () => real() - 3_600_000;');
    await stage.review(ada);
    expect(await ada.page.innerText('[data-part=told]')).toContain('60 minutes off');
    await ada.page.route('**/decisions', (route) => route.abort());
    await ada.page.click('[data-part=sign]');
    expect(await stage.told(ada)).toContain('Send it again');
    await ada.page.unroute('**/decisions');
    await ada.page.click('[data-part=again]');
    await expect.poll(() => stage.told(ada)).toBe('Decided: release');
    expect(stage.decided).toHaveLength(1);
  });
});

const bodyFor = (name: string): Decision['body'] => {
  const { campaign, runChain, gate, evidenceHash } = stage.gate;
  return decisionBody.parse({
    ...{ schema: 'anneal/decision/v1', id: `decision-of-${name}`, campaign, runChain, gate, evidenceHash },
    ...{ option: 'release', approver: name, reason: 'A prize.', unattended: false, nonce: 'n'.repeat(22) },
    ...{ signedAt: new Date().toISOString(), expiresAt: new Date(Date.now() + 600_000).toISOString() },
  });
};

const signedBy = (page: Page, body: Decision['body'], verification: 'required' | 'discouraged'): Promise<Decision> =>
  signDecision(page, body, stage.enrolments.find(({ name }) => name === body.approver)!, verification);
