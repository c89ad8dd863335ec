// A gate in a real browser whose passkeys are Chromium's own, and whose decisions the real identity verifies.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { html } from 'hono/html';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { decisionForm } from '../../console/passkeys/pages.ts';
import { createPasskeyRoutes } from '../../console/passkeys/routes.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Decision, DecisionContext } from '../../contracts/gate.ts';
import { campaignName, gateId, sha256 } from '../../contracts/ids.ts';
import { readApprovers, writeApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import type { Enrolment } from '../../infra/people/enrolments.ts';
import { type SignInStage, useSignInStage } from './sign-in-stage.ts';

export const GATE_PATH = '/gates/demo.release';

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly devices: CDPSession;
  readonly authenticatorId: string;
}

export interface PasskeyStage {
  readonly signIn: SignInStage;
  folder: string;
  identity: LocalIdentity;
  /** What the gate asks about. */
  gate: DecisionContext;
  enrolments: Enrolment[];
  /** What the gate has accepted. */
  decided: Decision[];
  /** What a console in an attacker's hand does to a decision on its way. */
  tamper: (decision: Decision) => Decision;
  /** Somebody with a browser and a device of their own. */
  visit(subject: string, device?: { hasUserVerification?: boolean }): Promise<Visitor>;
  enrol(visitor: Visitor): Promise<Enrolment>;
  /** As an admin does. */
  confirm(enrolment: Enrolment, revokedAt?: string): void;
  /** Up to what will be signed. */
  review(visitor: Visitor, option?: string, reason?: string): Promise<void>;
  told(visitor: Visitor): Promise<string>;
}

const context: DecisionContext = {
  ...{ campaign: campaignName.parse('demo'), runChain: 'run-1', gate: gateId.parse('demo.release') },
  ...{ evidenceHash: sha256.parse('e'.repeat(64)), options: ['release', 'keep'], owner: 'somebody' },
};
export const EFFECT = 'Version 3 is <b>released</b> \u202eto users\u202c.';

export function usePasskeyStage(): PasskeyStage {
  let chrome: Browser;
  const stage = { signIn: useSignInStage('localhost') } as PasskeyStage;
  beforeAll(async () => {
    chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => chrome.close());

  beforeEach(async () => {
    stage.folder = await mkdtemp(join(tmpdir(), 'anneal-passkeys-'));
    await initIdentity(stage.folder);
    stage.identity = createLocalIdentity(stage.folder);
    Object.assign(stage, { gate: context, enrolments: [], decided: [], tamper: (one: Decision) => one });
    const { signIn } = stage;
    signIn.provider.people.set('s-ben', { name: 'ben', groups: ['ml-leads'] });
    signIn.provider.people.set('s-vic', { name: 'vic', groups: ['ml-readers'] });
    signIn.more = (app) => {
      app.route('/', passkeyRoutes(stage));
      app.get(GATE_PATH, async (c) => {
        const viewer = await signIn.signIn.viewerOf(c.req.raw);
        if (viewer === undefined) return c.redirect(`/sign-in?next=${GATE_PATH}`, 303);
        return c.html(html`<!doctype html><title>Gate</title>${decisionForm(dataOf(stage, viewer))}`);
      });
    };
    signIn.restart();
  });
  afterEach(async () => {
    for (const one of chrome.contexts()) await one.close();
    await rm(stage.folder, { recursive: true, force: true });
  });

  return Object.assign(stage, {
    async visit(subject, { hasUserVerification = true } = {}) {
      const visitor = await chrome.newContext();
      const page = await visitor.newPage();
      stage.signIn.provider.who = subject;
      await page.goto(stage.signIn.origin);
      const devices = await visitor.newCDPSession(page);
      await devices.send('WebAuthn.enable');
      const options = {
        ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification } as const),
        ...{ isUserVerified: hasUserVerification, automaticPresenceSimulation: true },
      };
      const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', { options });
      return { context: visitor, page, devices, authenticatorId };
    },
    async enrol({ page }) {
      await page.goto(`${stage.signIn.origin}/passkeys`);
      await page.click('[data-part=make]');
      await page.waitForSelector('[data-part=told][data-how=good]');
      return stage.enrolments.at(-1)!;
    },
    confirm({ name, keyId, passkey }, revokedAt) {
      const entry = { name, keyId, addedAt: new Date().toISOString(), passkey, ...(revokedAt && { revokedAt }) };
      writeApprovers(stage.folder, [...readApprovers(stage.folder).filter((one) => one.keyId !== keyId), entry]);
    },
    async review({ page }, option = 'release', reason = 'It holds. ☃') {
      await page.goto(`${stage.signIn.origin}${GATE_PATH}`);
      await page.check(`input[value=${option}]`);
      await page.fill('textarea', reason);
      await page.click('button[type=submit]');
      await page.waitForSelector('[data-part=review]:not([hidden])');
    },
    async told({ page }) {
      return (await page.waitForSelector('[data-part=told]:is([data-how=good],[data-how=bad])')).innerText();
    },
  } satisfies Partial<PasskeyStage>);
}

function passkeyRoutes(stage: PasskeyStage) {
  return createPasskeyRoutes({
    ...{ signIn: stage.signIn.signIn, origin: stage.signIn.origin },
    enrolments: { submit: async (one) => void stage.enrolments.push(one) },
    async decide(given) {
      const decision = stage.tamper(given);
      await stage.identity.verify(decision, stage.gate, new Date());
      // As a gate's workflow: the first one that verifies is its answer.
      if (stage.decided.length > 0) throw new AnnealError('gate.closed', 'somebody was quicker');
      stage.decided.push(decision);
      return `Decided: ${decision.body.option}`;
    },
  });
}

function dataOf(stage: PasskeyStage, viewer: { name: string; csrf: string }) {
  const { campaign, runChain, gate, evidenceHash, options } = context;
  return {
    ...{ campaign, runChain, gate, evidenceHash, approver: viewer.name, rpId: 'localhost', csrf: viewer.csrf },
    options: options.map((name) => ({ name, effect: EFFECT })),
    keys: readApprovers(stage.folder).flatMap((one) =>
      one.name === viewer.name && 'passkey' in one ? [{ keyId: one.keyId, credential: one.passkey.credential }] : [],
    ),
    ...{ ttlMs: 600_000, now: new Date().toISOString() },
  };
}
