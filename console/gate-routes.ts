// Gates: a page each, what is attached to it, and the answer.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, Hono } from 'hono';
import { AnnealError } from '../contracts/errors.ts';
import { personKey } from '../contracts/people.ts';
import { nameFailure } from '../infra/temporal/away.ts';
import { mayDo } from '../policies/console-roles.ts';
import type { Env, Parts } from './app.ts';
import { gatePage } from './pages/gate.ts';
import { knownPasskeys } from './passkeys/known.ts';
import { besideGate } from './read/campaign.ts';
import { createEvidenceReader } from './read/evidence.ts';
import { answerHere, type LookedAtGate, lookAtGate } from './read/gate.ts';
import { renderAttachments } from './show/attachments.ts';
import type { Viewer } from './viewer.ts';

/** Told beside the form, which keeps what was written; everything else is a page of its own. */
const MENDABLE = new Set(['decision.reason_missing', 'decision.unknown_option', 'stack.not_running']);

/** Between taken in and recorded. */
const RECORD_TRIES = 20;
const RECORD_MS = 150;

/** An answer is a few kilobytes. */
const MOST_BYTES = 64 * 1024;

export function addGateRoutes(app: Hono<Env>, { ports, signIn, board, show, passkeys }: Parts): void {
  const evidenceOf = createEvidenceReader(ports.store);
  const look = (name: string): Promise<LookedAtGate> => lookAtGate(ports, evidenceOf, name);

  async function showGate(
    c: Context<Env>,
    looked: LookedAtGate,
    refused?: { code: string; message: string; reason: string },
  ) {
    const { context, title } = looked.opening;
    const attached = looked.seen.evidence?.attachments ?? [];
    const viewer = c.get('viewer');
    const [attachments, beside, own] = await Promise.all([
      renderAttachments(ports.store, context.gate, attached),
      besideGate(ports, context.campaign),
      passkeys && viewer.how === 'oidc' ? knownPasskeys(ports, viewer.name, passkeys.rpId) : [],
    ]);
    const body = gatePage({
      ...{
        looked,
        viewer,
        passkeys: passkeys && { rpId: passkeys.rpId, own },
        critical: ports.critical,
        approvers: await deciders(ports),
        attachments,
      },
      ...{ ...beside, now: new Date(), refused },
    });
    const { state, at } = looked;
    const version = state === 'open' ? `open:${at.run}` : state === 'closing' ? 'closing' : 'not-open';
    return show(c, { title, at: 'gates', live: { topic: `gate:${context.gate}`, version }, body });
  }

  app.get('/gates/:gate', async (c) => showGate(c, await look(c.req.param('gate'))));

  app.get('/gates/:gate/evidence.json', async (c) => {
    const { opening, seen } = await look(c.req.param('gate'));
    if (seen.evidence === undefined) throw seen.why;
    return download(c, await ports.store.get(opening.evidence), `${opening.context.gate}.evidence.json`);
  });

  app.get('/gates/:gate/attachments/:at', async (c) => {
    const { opening, seen } = await look(c.req.param('gate'));
    const one = seen.evidence?.attachments[Number(c.req.param('at'))];
    if (one === undefined) throw new AnnealError('console.no_page', 'nothing is attached there');
    return download(c, await ports.store.get(one.object), `${opening.context.gate}.${c.req.param('at')}`);
  });

  app.post('/gates/:gate/decisions', async (c) => {
    const viewer = c.get('viewer');
    refuseUnlessForm(c);
    await signIn.refuseForged(c.req.raw.clone(), viewer);
    if (!mayDo(viewer, 'decide')) throw new AnnealError('console.refused', `a ${viewer.role} answers no gates`);
    const form = await c.req.formData();
    const field = (name: string): string => String(form.get(name) ?? '');
    // Of what was signed elsewhere there is one door, and it is not this one.
    if (form.has('decision')) throw new AnnealError('console.refused', 'what a passkey signed goes to /decisions');
    const looked = await look(c.req.param('gate'));
    try {
      await answer(viewer, looked, {
        option: field('option'),
        reason: field('reason'),
        evidenceHash: field('evidenceHash'),
      });
    } catch (failure) {
      const { code, message } = nameFailure(failure);
      if (!MENDABLE.has(code)) throw failure;
      return showGate(c, looked, { code, message, reason: field('reason') });
    }
    board.expectClosed(looked.at.run);
    await recorded(looked.at.gate);
    await board.refresh();
    return c.redirect(`/gates/${looked.at.gate}`, 303);
  });

  /** Whoever comes back finds it closed, also without JavaScript; where the record takes longer, the page says that it does. */
  async function recorded(gate: string): Promise<void> {
    for (let tries = 0; tries < RECORD_TRIES; tries += 1) {
      if ((await look(gate)).state === 'closed') return;
      await sleep(RECORD_MS);
    }
  }

  async function answer(viewer: Viewer, looked: LookedAtGate, asked: Parameters<typeof answerHere>[2]): Promise<void> {
    if (viewer.how !== 'local')
      throw new AnnealError('console.refused', 'a decision is signed by a passkey, and none came');
    await answerHere(ports, looked, asked);
  }
}

/** Of approvers.json and of the registry. */
async function deciders({ approvers, people }: Parts['ports']) {
  const { people: known, keys, revoked } = await people();
  const may = ({ name }: { readonly name: string }): boolean => {
    const person = known.get(personKey(name));
    return person === undefined || (person.revokedAt === undefined && ['approver', 'admin'].includes(person.role));
  };
  return [...approvers(), ...keys.values()].filter((one) => may(one) && !revoked.has(one.keyId));
}

function refuseUnlessForm(c: Context<Env>): void {
  const type = c.req.header('content-type') ?? '';
  if (!/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/.test(type))
    throw new AnnealError('console.refused', 'an answer is sent by a form');
  if (!(Number(c.req.header('content-length')) <= MOST_BYTES))
    throw new AnnealError('console.refused', 'no answer is that long');
}

/** Whatever it is, it is saved and not opened. */
function download(c: Context<Env>, bytes: Uint8Array, name: string): Response {
  return c.body(new Uint8Array(bytes).buffer, 200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${name}"`,
  });
}
