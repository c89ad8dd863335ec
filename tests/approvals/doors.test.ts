// The doors by which an answer comes: a command, the form of the console's local mode, a passkey's signature through the console, an update and
// a signal. There is one path behind them: what one of them takes the others take, and what one refuses the others refuse with the same code.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { decide } from '../../cli/commands/gates.ts';
import { mountPasskeys } from '../../console/passkeys/mounted.ts';
import type { ConsolePorts } from '../../console/ports.ts';
import { type Served, serveConsole } from '../../console/serve.ts';
import { plainLayout } from '../../console/sign-in/pages.ts';
import type { PersonalSignIn } from '../../console/sign-in/person.ts';
import type { Decision } from '../../contracts/gate.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { approvalCases } from '../support/approval-cases.ts';
import { everybodyIsThisViewer } from '../support/local-viewer.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { byPhone, type OpenedGate, type RealGates, realGates } from '../support/real-gates.ts';
import type { SoftwarePasskey } from '../support/software-passkey.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });
withTemporal();

const ORIGIN = 'http://localhost:4300';
let at: RealGates;
let ada: SoftwarePasskey;
let ben: SoftwarePasskey;
let gone: SoftwarePasskey;
let used: Decision;
let passkeys: Served;
let alone: Served;
beforeAll(async () => {
  at = await realGates({ self: 'refused', unattended: 'refused' });
  ada = await at.join('ada', 'approver');
  ben = await at.join('ben', 'approver');
  gone = await at.join('gone', 'approver');
  await at.change({ what: 'person-revoked', name: 'gone' });
  const opened = await at.open('earlier');
  used = byPhone(ada, opened.context, 'release');
  await at.send(used);
  const ports: ConsolePorts = {
    temporal: async () => temporal(),
    ...{ store: at.store, critical: { gates: ['release'], approvals: APPROVALS }, onCall: undefined },
    approvers: () => readApprovers(at.keys),
    people: () => at.people.current(),
    signer: async () => at.identity,
    pool: async () => ({ trajectories: async () => [], completions: async () => [] }),
    explain: async () => undefined,
  };
  const signIn = anybody();
  passkeys = await serveConsole(ports, signIn, {
    ...{ address: '127.0.0.1', port: 0 },
    passkeys: mountPasskeys(ports, { signIn, origin: ORIGIN, layout: plainLayout }),
  });
  const local = everybodyIsThisViewer('127.0.0.1', { name: at.identity.approver, role: 'admin', csrf: 'known' });
  alone = await serveConsole(ports, local, { address: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await Promise.all([passkeys?.close(), alone?.close()]);
  await at?.close();
});

const APPROVALS = { self: 'refused', unattended: 'refused', breakGlass: 'refused', quorum: {} } as const;

/** NOT A SIGN-IN: whoever a request says is signed in. */
function anybody(): PersonalSignIn {
  return {
    routes: new Hono(),
    signInPath: '/',
    viewerOf: async ({ headers }) => ({
      ...{ name: headers.get('x-test-viewer') ?? 'nobody', role: 'approver', how: 'oidc', csrf: 'known' },
    }),
    refuseForged: async () => undefined,
    personOf: async () => undefined,
  };
}

/** What became of an answer: the code that it was refused with, or how it was taken. */
const outcome = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    (answer) => (answer as { how?: string }).how ?? 'decided',
    (failure: { code?: string }) => failure.code ?? String(failure),
  );

async function refusals(gate: string): Promise<string[]> {
  const names = await at.store.listNamed(`gates/${gate}/refusals/`);
  const texts = await Promise.all(names.map((name) => at.store.readNamed(name)));
  return texts.map((one) => (JSON.parse(new TextDecoder().decode(one!.bytes)) as { code: string }).code);
}

type Signed = (gate: OpenedGate, decision: Decision) => Promise<string>;
/** For what was signed elsewhere. `finds`: it goes to the gate that it names. */
const SIGNED: Readonly<Record<string, { readonly send: Signed; readonly finds?: true }>> = {
  update: { send: (gate, decision) => outcome(gate.update(decision)) },
  command: { send: (_, decision) => outcome(at.gates.decide(decision)), finds: true },
  console: {
    finds: true,
    send: async (_, decision) => {
      const answer = await fetch(`${passkeys.url}/decisions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-test-viewer': decision.body.approver },
        body: JSON.stringify(decision),
      });
      const said = (await answer.json()) as { code?: string; message?: string };
      return said.code ?? (said.message?.startsWith('Decided') === true ? 'decided' : String(said.message));
    },
  },
  signal: {
    send: async (gate, decision) => {
      const { gate: name } = gate.context;
      const before = (await refusals(name)).length;
      await gate.signal(decision);
      let last: string | undefined;
      await vi.waitFor(
        async () => {
          const all = await refusals(name);
          last = all.length > before ? all.at(-1) : (await gate.view()).state;
          expect(last).not.toBe('open');
        },
        { timeout: 20_000, interval: 100 },
      );
      return last!;
    },
  },
};
const CASES = approvalCases({ ada: () => ada, ben: () => ben, gone: () => gone, used: () => used });

let gates = 0;
const open = (options: Parameters<RealGates['open']>[1] = {}): Promise<OpenedGate> => {
  gates += 1;
  return at.open(`door-${gates}`, options);
};

describe.each(Object.entries(SIGNED))('what was signed elsewhere, by %s', (_, { send, finds }) => {
  test.each(CASES)('%s', async (_what, { code, make, owner, atItsOwnGate }) => {
    const gate = await open(owner === undefined ? {} : { owner });
    expect(await send(gate, make(gate))).toBe(finds ? (atItsOwnGate ?? code) : code);
    expect((await gate.view()).state).toBe('open');
    await gate.terminate();
  });

  test('a genuine one is taken', async () => {
    const gate = await open();
    expect(await send(gate, byPhone(ada, gate.context, 'release'))).toBe('decided');
    expect(await gate.result()).toMatchObject({ how: 'decided', option: 'release' });
  });

  test('on evidence that is gone the safe option is taken, and no other', async () => {
    const gate = await open();
    await removeEvidence(gate);
    expect(await send(gate, byPhone(ada, gate.context, 'release'))).toBe('store.not_found');
    expect(await send(gate, byPhone(ada, gate.context, 'keep'))).toBe('decided');
    expect(await gate.result()).toMatchObject({ option: 'keep' });
  });
});

interface Typed {
  readonly option: string;
  readonly reason: string;
}
/** For what this machine's key signs on the way. */
const TYPED: Readonly<Record<string, (gate: OpenedGate, answer: Typed) => Promise<string>>> = {
  command: ({ context }, answer) => outcome(decide(at.session(), context.gate, { ...answer, unattended: false })),
  form: async ({ context }, answer) => {
    const body = new URLSearchParams({ ...answer, evidenceHash: context.evidenceHash, csrf: 'known' });
    const path = `${alone.url}/gates/${context.gate}/decisions`;
    const got = await fetch(path, { method: 'POST', body, redirect: 'manual' });
    return got.status === 303 ? 'decided' : (/<code>([a-z_.]+)<\/code>/.exec(await got.text())?.[1] ?? `${got.status}`);
  },
};
const YES: Typed = { option: 'release', reason: 'It holds.' };

describe.each(Object.entries(TYPED))('what this machine signs, by the %s', (_, send) => {
  test('no reason, no such option, one’s own campaign, evidence that is gone, a gate that is closed', async () => {
    const gate = await open();
    expect(await send(gate, { ...YES, reason: ' \t' })).toBe('decision.reason_missing');
    expect(await send(gate, { ...YES, option: 'ship' })).toBe('decision.unknown_option');
    const own = await open({ owner: at.identity.approver });
    expect(await send(own, YES)).toBe('decision.self_approved');
    await removeEvidence(gate);
    expect(await send(gate, YES)).toBe('store.not_found');
    expect(await send(gate, { option: 'keep', reason: 'Nobody sees what it is.' })).toBe('decided');
    await gate.result();
    expect(await send(gate, { option: 'keep', reason: 'Once more.' })).toBe('gate.closed');
    await own.terminate();
  });

  test('a gate whose time is over', async () => {
    const gate = await open({ deadlineMs: 3_000 });
    await gate.result();
    expect(await send(gate, { option: 'keep', reason: 'Late.' })).toBe('gate.expired');
  });

  test('one that may be answered is', async () => {
    const gate = await open();
    expect(await send(gate, YES)).toBe('decided');
    expect(await gate.result()).toMatchObject({ how: 'decided', option: 'release' });
  });
});

const removeEvidence = ({ context: { evidenceHash: hash } }: OpenedGate): Promise<void> =>
  rm(join(at.root, 'store', 'objects', hash.slice(0, 2), hash));
