// A console of several people as in production: a name of its own, TLS in front of it, an identity provider, passkeys. The command line works on the
// same home.
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { loadAssets } from '../../console/assets.ts';
import { frameOf } from '../../console/pages/layout.ts';
import { mountPasskeys } from '../../console/passkeys/mounted.ts';
import { serveConsole } from '../../console/serve.ts';
import { parseSignIn } from '../../console/sign-in/configuration.ts';
import { createOidcSignIn } from '../../console/sign-in/oidc.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createPeople, type People } from '../../infra/people/registry.ts';
import { auditIn } from './audit.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';
import { chromiumFor, type HttpsFront, startHttpsFront } from './https-front.ts';
import { type OidcServer, startOidcServer } from './oidc-server.ts';

export interface HttpsConsole {
  readonly origin: string;
  readonly world: ConsoleWorld;
  readonly people: People;
  readonly provider: OidcServer;
  readonly browser: Browser;
  /** Where the console itself listens, without TLS. */
  readonly behind: string;
  visit(subject: string, person: { name: string; groups: string[] }): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Uncaught errors of its scripts, and what its policy refused. */
  readonly errors: string[];
}

/** Of a file that is `withTemporal()`. */
export async function openHttpsConsole(): Promise<HttpsConsole> {
  const stack = new AsyncDisposableStack();
  const front: HttpsFront = await startHttpsFront('anneal.test');
  stack.defer(() => front.stop());
  const { origin } = front;
  const world = await openConsoleWorld();
  stack.defer(() => world.close());
  const provider = await startOidcServer({ redirects: [`${origin}/sign-in/callback`] });
  stack.defer(() => provider.stop());
  const browser = await chromiumFor(front);
  stack.defer(() => browser.close());
  const audit = auditIn(world.folder, world.store, world.identity);
  const people = createPeople({ store: world.store, roots: () => readApprovers(join(world.folder, 'keys')), audit });
  const spec = parseSignIn(
    {
      ...{ apiVersion: 'anneal/v1', kind: 'SignIn', issuer: provider.issuer, client: { id: 'anneal' }, origin },
      ...{ claims: { name: 'preferred_username' }, roles: { leads: 'approver', admins: 'admin' } },
      ...{ scopes: ['profile', 'groups'], behindProxy: true },
    },
    'sign-in.yaml',
  );
  const layout = frameOf(loadAssets());
  const signIn = createOidcSignIn(spec, { layout });
  const ports = world.ports({ people: () => people.current(), registry: people });
  const passkeys = mountPasskeys(ports, { signIn, origin, layout });
  const served = await serveConsole(ports, signIn, { address: '127.0.0.1', port: 0, passkeys });
  stack.defer(() => served.close());
  front.target = Number(new URL(served.url).port);

  return {
    ...{ origin, world, people, provider, browser, behind: served.url },
    async visit(subject, person) {
      provider.people.set(subject, person);
      provider.who = subject;
      const context = await browser.newContext();
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      page.on('console', (one) => void (/Content.Security.Policy/i.test(one.text()) && errors.push(one.text())));
      const devices = await context.newCDPSession(page);
      await devices.send('WebAuthn.enable');
      const options = {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
      } as const;
      await devices.send('WebAuthn.addVirtualAuthenticator', {
        options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
      });
      return { context, page, errors };
    },
    close: () => stack.disposeAsync(),
  };
}
