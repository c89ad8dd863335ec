// Making a passkey, and taking a decision that one has signed. The server signs nothing here: it passes on what the person's device has signed.
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { type Decision, decision } from '../../contracts/gate.ts';
import { sha256 } from '../../contracts/ids.ts';
import { type Enrolments, enrolment, fingerprintOf } from '../../infra/people/enrolments.ts';
import { FIRST_ADMIN_PATH } from '../../infra/people/first-admin.ts';
import type { ConsoleAction } from '../../policies/console-roles.ts';
import { statusOf } from '../pages/failure.ts';
import { refuseUnlessAllowed } from '../sign-in/allowed.ts';
import { errorAsJson, errorPage, type Layout, plainLayout, protect } from '../sign-in/pages.ts';
import type { Person, PersonalSignIn } from '../sign-in/person.ts';
import { signInLink } from '../sign-in/return-to.ts';
import type { Viewer } from '../viewer.ts';
import { createChallenges } from './challenges.ts';
import { ALGORITHMS, refused } from './cose.ts';
import { browserModules } from './modules.ts';
import {
  DECISIONS_PATH,
  ENROL_OPTIONS_PATH,
  ENROL_PATH,
  enrolContent,
  firstAdminContent,
  PROOF_PATH,
} from './pages.ts';
import { checkRegistration, registration } from './registration.ts';

const MOST_BYTES = 64 * 1024;
/** Of the code of the first admin's link, over what was made. */
const proof = z.strictObject({ keyId: sha256, proof: sha256 });

export interface PasskeyOptions {
  readonly signIn: PersonalSignIn;
  readonly enrolments: Enrolments;
  /**
   * Hands a decision to its gate, which verifies it.
   * @returns what the person is told. @throws AnnealError as the gate refuses it
   */
  decide(decision: Decision): Promise<string>;
  /** Where browsers find the console. Its host is the domain of passkeys unless `rpId` names one above it. */
  readonly origin: string;
  readonly rpId?: string;
  /** Those that a person has, so that one device makes no second one. */
  passkeysOf?(name: string): Promise<readonly { readonly credential: string }[]>;
  readonly layout?: Layout;
  readonly now?: () => number;
  readonly report?: (failure: AnnealError) => void;
}

export function createPasskeyRoutes(options: PasskeyOptions): Hono {
  const { signIn, enrolments, origin, layout = plainLayout, report } = options;
  const rpId = options.rpId ?? new URL(origin).hostname;
  const challenges = createChallenges(options.now);
  const routes = new Hono();
  routes.route('/', browserModules());
  routes.use(`${ENROL_PATH}/*`, bodyLimit({ maxSize: MOST_BYTES }));
  routes.use(DECISIONS_PATH, bodyLimit({ maxSize: MOST_BYTES }));
  routes.onError((thrown, context) => {
    const failure = asAnnealError(thrown);
    report?.(failure);
    if (context.req.method === 'GET') return errorPage(context, failure, layout);
    protect(context);
    return context.json(errorAsJson(failure), statusOf(failure.code));
  });

  routes.get(ENROL_PATH, async (context) => {
    const viewer = await signIn.viewerOf(context.req.raw);
    if (viewer === undefined) return context.redirect(signInLink(signIn.signInPath, context.req.raw), 303);
    refuseUnlessAllowed(viewer, 'enrol-passkey');
    protect(context);
    return context.html(layout('Your passkey', enrolContent(viewer)));
  });

  if (enrolments.prove !== undefined)
    routes.get(FIRST_ADMIN_PATH, (context) => {
      protect(context);
      return context.html(layout('The first admin', firstAdminContent()));
    });

  routes.post(ENROL_OPTIONS_PATH, (context) =>
    asPerson(context, async (person) => {
      const known = (await options.passkeysOf?.(person.name)) ?? [];
      return context.json({
        challenge: challenges.issue(keyOf(person)),
        rp: { id: rpId, name: 'Anneal' },
        user: { id: handleOf(person), name: person.name, displayName: person.name },
        pubKeyCredParams: Object.values(ALGORITHMS).map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        excludeCredentials: known.map(({ credential }) => ({ type: 'public-key', id: credential })),
        ...{ attestation: 'none', timeout: 120_000 },
      });
    }),
  );

  routes.post(ENROL_PATH, (context) =>
    asPerson(context, async (person) => {
      const given = registration.safeParse(await context.req.json().catch(() => undefined));
      if (!given.success) throw refused('what came cannot be read');
      const { passkey, keyId } = checkRegistration(given.data, {
        ...{ origin, rpId, origins: [origin] },
        takeChallenge: (challenge) => challenges.take(challenge, keyOf(person)),
      });
      const made = enrolment.parse({ schema: 'anneal/enrolment/v1', ...person, keyId, passkey });
      await enrolments.submit(made);
      return context.json({ enrolment: made, fingerprint: fingerprintOf(made) });
    }),
  );

  routes.post(PROOF_PATH, (context) =>
    asPerson(context, async (person) => {
      const given = proof.safeParse(await context.req.json().catch(() => undefined));
      if (!given.success || enrolments.prove === undefined) throw refused('what came cannot be read');
      await enrolments.prove(person, given.data);
      return context.json({});
    }),
  );

  routes.post(DECISIONS_PATH, async (context) => {
    protect(context);
    const viewer = await somebody(context, 'decide');
    if (viewer === undefined) return signedOut(context);
    return context.json({
      message: await options.decide(decisionBy(viewer, await context.req.json().catch(() => undefined))),
    });
  });

  /** Signed in now, by a page of ours, with a role that may. */
  async function somebody(context: Context, action: ConsoleAction): Promise<Viewer | undefined> {
    const viewer = await signIn.viewerOf(context.req.raw);
    if (viewer === undefined) return undefined;
    await signIn.refuseForged(context.req.raw, viewer);
    refuseUnlessAllowed(viewer, action);
    return viewer;
  }

  async function asPerson(context: Context, then: (person: Person) => Promise<Response>): Promise<Response> {
    protect(context);
    const viewer = await somebody(context, 'enrol-passkey');
    const person = viewer && (await signIn.personOf(context.req.raw));
    return person === undefined ? signedOut(context) : then(person);
  }

  return routes;
}

/** Whoever else sends it on: what a passkey signed stays theirs, and goes under their name only. @throws AnnealError `decision.altered`, `decision.unknown_signer` */
function decisionBy(viewer: Viewer, given: unknown): Decision {
  const parsed = decision.safeParse(given);
  if (!parsed.success || parsed.data.assertion === undefined)
    throw new AnnealError('decision.altered', 'it is not a decision that a passkey has signed');
  if (parsed.data.body.approver !== viewer.name)
    throw new AnnealError(
      'decision.unknown_signer',
      `it is signed as ${parsed.data.body.approver}, and ${viewer.name} is signed in`,
    );
  return parsed.data;
}

function signedOut(context: Context): Response {
  const action = 'Sign in again, in another tab, then load this page anew.';
  return context.json(
    { code: 'sign_in.refused', title: 'You are not signed in any more', message: 'nothing was done', action },
    401,
  );
}

const keyOf = ({ issuer, subject }: Person): string => JSON.stringify([issuer, subject]);

/** By which an authenticator tells people apart: it says nothing about them. */
const handleOf = (person: Person): string => createHash('sha256').update(keyOf(person)).digest('base64url');
