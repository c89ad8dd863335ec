// The console of one machine: whoever can read what it prints is its approver. It listens on this machine only, and a link that works once opens it.
import { createHash } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { html } from 'hono/html';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { Viewer } from '../viewer.ts';
import { cookiesOf, readCookie } from './cookies.ts';
import { refuseForgedRequest } from './forged.ts';
import { refuseOpenBind, refuseStrangeHost } from './loopback.ts';
import { errorPage, type Layout, plainLayout, protect } from './pages.ts';
import type { Person, PersonalSignIn } from './person.ts';
import { SIGNED_OUT_PATH } from './provider.ts';
import { returnAddress } from './return-to.ts';
import { createSessions, isByHand, secret } from './sessions.ts';
import { addressOf, createTries } from './tries.ts';

const LOCAL_SIGN_IN_PATH = '/sign-in';
const LINK_PATH = '/sign-in/link';
const LINK_MS = 10 * 60_000;
/** Printed and not used; the oldest one goes first. */
const MOST_LINKS = 10;
const ABSOLUTE_MS = 12 * 3_600_000;

export interface LocalOptions {
  /** Where the console listens. @throws AnnealError `cli.usage` unless that is this machine */
  readonly bind: string;
  readonly port: number;
  /** The approver whose key is on this machine. */
  readonly name: string;
  /** Of that key. */
  readonly keyId: string;
  readonly layout?: Layout;
  readonly now?: () => number;
  readonly report?: (failure: AnnealError) => void;
}

export interface LocalSignIn extends PersonalSignIn {
  /** A new link to print: it works once, within ten minutes. */
  link(to?: string): string;
  /** Before every route, of the console's too: refuses what came under another name than this machine's. */
  readonly guard: MiddlewareHandler;
}

export function createLocalSignIn(options: LocalOptions): LocalSignIn {
  const { bind, port, name, keyId, layout = plainLayout, now = Date.now, report } = options;
  refuseOpenBind(bind);
  // By address, not `localhost`: another user's program may listen where that name leads a browser first.
  const origin = `http://${bind === 'localhost' ? '127.0.0.1' : bind.includes(':') ? `[${bind.replace(/[[\]]/g, '')}]` : bind}:${port}`;
  const cookies = cookiesOf(origin);
  const sessions = createSessions<{ readonly name: string }>({ absoluteMs: ABSOLUTE_MS, idleMs: ABSOLUTE_MS }, now);
  const tries = createTries(undefined, now);
  /** When each was printed, by the hash of its token. */
  const links = new Map<string, number>();
  const routes = new Hono();

  const guard: MiddlewareHandler = async (context, next) => {
    refuseStrangeHost(context.req.header('host'), port);
    await next();
  };
  routes.use('/sign-in/*', guard);
  routes.onError((failure, context) => {
    report?.(asAnnealError(failure));
    return errorPage(context, failure, layout);
  });

  routes.get(LOCAL_SIGN_IN_PATH, (context) => {
    protect(context);
    context.status(403);
    return context.html(
      layout(
        'Sign in',
        html`<p>Open the link that the console printed when it was started, on this machine. It works once, within ten minutes.</p>
<p>It is gone? Start the console again: it prints a new one.</p>`,
      ),
    );
  });

  routes.get(LINK_PATH, (context) => {
    protect(context);
    tries.count(addressOf(context, false));
    const hash = hashOf(context.req.query('token') ?? '');
    const printed = links.get(hash);
    links.delete(hash);
    if (printed === undefined || now() - printed >= LINK_MS)
      throw new AnnealError('sign_in.link_spent', 'this link opens nothing');
    sessions.end(readCookie(context.req.raw, cookies.session));
    const { id } = sessions.begin(name, { name });
    context.header('set-cookie', cookies.set(cookies.session, id));
    return context.redirect(returnAddress(context.req.query('next'), originOf(context.req.raw)), 303);
  });

  routes.post(SIGNED_OUT_PATH, async (context) => {
    protect(context);
    const session = sessions.find(readCookie(context.req.raw, cookies.session), true);
    if (session !== undefined) {
      await refuseForgedRequest(context.req.raw, session, originOf(context.req.raw));
      sessions.endSession(session);
    }
    context.header('set-cookie', cookies.clear(cookies.session));
    return context.html(
      layout('Signed out', html`<p>This console has forgotten you. Start it again for a new link.</p>`),
    );
  });

  /** Of the names of this machine the one that the browser uses; others are refused before. */
  function originOf(request: Request): string {
    refuseStrangeHost(request.headers.get('host'), port);
    return `http://${request.headers.get('host')!.toLowerCase()}`;
  }

  const sessionOf = (request: Request) => {
    refuseStrangeHost(request.headers.get('host'), port);
    return sessions.find(readCookie(request, cookies.session), isByHand(request));
  };

  return {
    routes,
    guard,
    signInPath: LOCAL_SIGN_IN_PATH,
    link(to) {
      const token = secret();
      links.set(hashOf(token), now());
      for (const old of [...links.keys()].slice(0, Math.max(0, links.size - MOST_LINKS))) links.delete(old);
      return `${origin}${LINK_PATH}?token=${token}${to === undefined ? '' : `&next=${encodeURIComponent(to)}`}`;
    },
    async viewerOf(request): Promise<Viewer | undefined> {
      const session = sessionOf(request);
      return session && { name: session.who.name, role: 'admin', how: 'local', csrf: session.csrf };
    },
    async personOf(request): Promise<Person | undefined> {
      return sessionOf(request) && { name, issuer: 'local', subject: keyId };
    },
    refuseForged: async (request, viewer) => refuseForgedRequest(request, viewer, originOf(request)),
  };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
