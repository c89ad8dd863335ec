// Signing in by an OpenID provider: authorization code with PKCE, roles by group, and the provider asked again before everything that changes something.
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { durationMs } from '../../contracts/units.ts';
import { roleOfGroups } from '../../policies/console-roles.ts';
import type { Role, Viewer } from '../viewer.ts';
import type { SignInSpec } from './configuration.ts';
import { cookieNames, cookiesOf, createSealer, readCookie } from './cookies.ts';
import { refuseForgedRequest, refuseOtherOrigin } from './forged.ts';
import { errorPage, type Layout, plainLayout, protect } from './pages.ts';
import type { Person, PersonalSignIn } from './person.ts';
import { CALLBACK_PATH, createProvider, type Described, type Grant, SIGNED_OUT_PATH } from './provider.ts';
import { returnAddress } from './return-to.ts';
import { createSessions, isByHand, type Session } from './sessions.ts';
import { addressOf, createTries, type Tries } from './tries.ts';

export const SIGN_IN_PATH = '/sign-in';

/** Somebody's groups are never older than this; before what changes something they are asked for anew. */
const FRESH_MS = 30_000;
const FLOW_SECONDS = 600;
/** A browser that comes with more has them all removed. */
const MOST_FLOWS = 8;

export interface OidcOptions {
  readonly layout?: Layout;
  readonly now?: () => number;
  readonly tries?: Tries;
  /** Told of what was refused and of what nobody foresaw; never of a secret. */
  readonly report?: (failure: AnnealError) => void;
}

interface SignedIn {
  readonly name: string;
  role: Role;
  readonly grant: Grant;
  /** When the provider was last asked: the moment before, not that of its answer. */
  askedAt: number;
  /** One question after the other: two renewals of one token at once look like a theft. */
  turn: Promise<void>;
}

const flow = z.strictObject({
  ...{ state: z.string(), nonce: z.string(), verifier: z.string() },
  ...{ to: z.string(), at: z.number() },
});

export function createOidcSignIn(spec: SignInSpec, options: OidcOptions = {}): PersonalSignIn {
  const { layout = plainLayout, now = Date.now, report } = options;
  const tries = options.tries ?? createTries(undefined, now);
  const provider = createProvider(spec, now);
  const { origin, session: life } = spec;
  const sessions = createSessions<SignedIn>(
    { absoluteMs: durationMs(life.absolute), idleMs: durationMs(life.idle) },
    now,
  );
  const cookies = cookiesOf(origin);
  const sealer = createSealer();
  const routes = new Hono();

  routes.onError((failure, context) => {
    report?.(asAnnealError(failure));
    return errorPage(context, failure, layout, SIGN_IN_PATH);
  });

  routes.get(SIGN_IN_PATH, async (context) => {
    protect(context);
    tries.count(addressOf(context, spec.behindProxy));
    const dest = context.req.header('sec-fetch-dest') ?? 'document';
    if (dest !== 'document')
      throw new AnnealError('sign_in.forged', 'a sign-in begins with a page, not inside another');
    const { address, expected } = await provider.begin();
    const kept = { ...expected, to: returnAddress(context.req.query('next'), origin), at: now() };
    const stale = cookieNames(context.req.raw).filter((name) => name.startsWith(cookies.flow('')));
    if (stale.length >= MOST_FLOWS) for (const name of stale) setCookie(context, cookies.clear(name));
    setCookie(context, cookies.set(cookies.flow(flowId(expected.state)), sealer.seal(kept), FLOW_SECONDS));
    return context.redirect(address.href, 303);
  });

  routes.get(CALLBACK_PATH, async (context) => {
    protect(context);
    tries.count(addressOf(context, spec.behindProxy));
    const kept = takeFlow(context);
    const grant = await provider.finish(new URL(context.req.url), kept);
    const askedAt = now();
    const person = await provider.describe(grant);
    const role = person && roleOfGroups(person.groups, spec.roles);
    if (person === undefined || role === undefined) {
      await provider.revoke(grant);
      if (person === undefined) throw new AnnealError('sign_in.refused', 'the provider took its own token back');
      throw new AnnealError('sign_in.no_role', `${person.name} is in no group that this console knows`);
    }
    // Another identifier each time, whatever the browser came with.
    sessions.end(readCookie(context.req.raw, cookies.session));
    const who: SignedIn = { name: person.name, role, grant, askedAt, turn: Promise.resolve() };
    const { id } = sessions.begin(grant.subject, who);
    setCookie(context, cookies.set(cookies.session, id));
    return context.redirect(kept.to, 303);
  });

  routes.post(SIGNED_OUT_PATH, async (context) => {
    protect(context);
    const session = sessions.find(readCookie(context.req.raw, cookies.session), true);
    // From elsewhere it comes without the cookie, and would still have it taken away.
    refuseOtherOrigin(context.req.raw, origin);
    if (session !== undefined) {
      await refuseForgedRequest(context.req.raw, session, origin);
      sessions.endSession(session);
      await provider.revoke(session.who.grant);
    }
    setCookie(context, cookies.clear(cookies.session));
    const elsewhere = await provider.endAddress();
    return context.html(
      layout(
        'Signed out',
        html`<p>This console has forgotten you.</p>
<p><a href="${SIGN_IN_PATH}">Sign in again</a></p>
${elsewhere === undefined ? '' : html`<p>You are still signed in elsewhere: <a href="${elsewhere.href}">sign out of the identity provider</a> too.</p>`}`,
      ),
    );
  });

  function takeFlow(context: Context): z.infer<typeof flow> {
    const state = context.req.query('state') ?? '';
    const name = cookies.flow(flowId(state));
    const sealed = readCookie(context.req.raw, name);
    if (sealed === undefined) throw refused('no sign-in of this browser is waiting for this answer');
    setCookie(context, cookies.clear(name));
    const kept = flow.safeParse(sealer.open(sealed));
    if (!kept.success || kept.data.state !== state) throw refused('it began before the last start of the console');
    if (now() - kept.data.at > FLOW_SECONDS * 1_000) throw refused('it took more than ten minutes');
    return kept.data;
  }

  /** @param since how old what the provider said may be. @returns whether the session goes on */
  async function confirm(session: Session<SignedIn>, id: string, since: number): Promise<boolean> {
    const { who } = session;
    const earlier = who.turn;
    let done = (): void => {};
    who.turn = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await earlier;
      // It may have ended in the meantime.
      if (sessions.find(id, false) !== session) return false;
      if (session.who.askedAt >= since) return true;
      const askedAt = now();
      const person = await provider.describe(who.grant);
      if (!goesOn(session, person)) return false;
      session.who.askedAt = askedAt;
      return sessions.find(id, false) === session;
    } finally {
      done();
    }
  }

  function goesOn(session: Session<SignedIn>, person: Described | undefined): boolean {
    const role = person && roleOfGroups(person.groups, spec.roles);
    if (person === undefined || person.name !== session.who.name) sessions.endSession(session);
    else if (role === undefined) sessions.endAllOf(session.subject);
    else {
      session.who.role = role;
      return true;
    }
    return false;
  }

  async function sessionOf(request: Request, fresh: boolean): Promise<Session<SignedIn> | undefined> {
    const arrived = now();
    const id = readCookie(request, cookies.session);
    const session = sessions.find(id, isByHand(request));
    if (id === undefined || session === undefined) return undefined;
    return (await confirm(session, id, fresh ? arrived : arrived - FRESH_MS)) ? session : undefined;
  }

  return {
    routes,
    signInPath: SIGN_IN_PATH,
    async viewerOf(request): Promise<Viewer | undefined> {
      const session = await sessionOf(request, request.method !== 'GET' && request.method !== 'HEAD');
      if (session === undefined) return undefined;
      return { name: session.who.name, role: session.who.role, how: 'oidc', csrf: session.csrf };
    },
    async personOf(request): Promise<Person | undefined> {
      const session = await sessionOf(request, true);
      return session && { name: session.who.name, issuer: spec.issuer, subject: session.subject };
    },
    refuseForged: (request, viewer) => refuseForgedRequest(request, viewer, origin),
  };
}

/** Of the state, for the name of its cookie. */
const flowId = (state: string): string => createHash('sha256').update(state).digest('hex').slice(0, 16);

const setCookie = (context: Context, cookie: string): void => context.header('set-cookie', cookie, { append: true });

const refused = (why: string): AnnealError => new AnnealError('sign_in.refused', why);
