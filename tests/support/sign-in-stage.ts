// A console, a real provider and a browser for each test of signing in.
import type { Hono } from 'hono';
import { afterEach, beforeEach, expect } from 'vitest';
import { parseSignIn, type SignInSpec } from '../../console/sign-in/configuration.ts';
import { createOidcSignIn } from '../../console/sign-in/oidc.ts';
import type { PersonalSignIn } from '../../console/sign-in/person.ts';
import type { AnnealError } from '../../contracts/errors.ts';
import { type Answer, type CookieClient, createCookieClient } from './cookie-client.ts';
import { type OidcServer, type OidcServerOptions, startOidcServer } from './oidc-server.ts';
import { type SmallConsole, startSmallConsole } from './small-console.ts';

export const CLIENT_SECRET = 'a-secret-of-the-client';

export interface SignInStage {
  console: SmallConsole;
  provider: OidcServer;
  signIn: PersonalSignIn;
  origin: string;
  browser: CookieClient;
  /** How far the console's clock has gone, in milliseconds. */
  ahead: number;
  reported: AnnealError[];
  /** What the console has besides. */
  more: ((app: Hono) => void) | undefined;
  /** Another provider, with nobody signed in. */
  start(options?: Partial<OidcServerOptions>): Promise<void>;
  /** The console's process begins anew. */
  restart(change?: Partial<SignInSpec>): void;
  beforeCallback(): Promise<Answer>;
  post(path: string, csrf: string): Promise<Answer>;
  /** Cookies of the machine. */
  jar(): Map<string, string>;
  sessionCookie(): string;
  asked(path: string): number;
  expectRefused(answer: Answer, code: string, status?: number): void;
}

export const isCallback = (url: URL): boolean => url.pathname === '/sign-in/callback';
export const csrfOf = ({ text }: Answer): string => /name="csrf" value="([^"]+)"/.exec(text)![1]!;

/** @param host by which browsers know the console; passkeys need a name */
export function useSignInStage(host: '127.0.0.1' | 'localhost' = '127.0.0.1'): SignInStage {
  const stage = {
    async start(options = {}) {
      await stage.provider?.stop();
      const redirects = [`${stage.origin}/sign-in/callback`];
      stage.provider = await startOidcServer({ redirects, secret: CLIENT_SECRET, ...options });
      stage.provider.people.set('s-ada', { name: 'ada', groups: ['ml-leads', 'staff'] });
      stage.provider.people.set('s-eve', { name: 'eve', groups: ['staff'] });
      stage.provider.who = 's-ada';
      stage.browser = createCookieClient();
      stage.restart();
    },
    restart(change = {}) {
      const options = { now: () => Date.now() + stage.ahead, report: (one: AnnealError) => stage.reported.push(one) };
      stage.signIn = createOidcSignIn({ ...specOf(stage), ...change }, options);
      stage.console.use(stage.signIn, stage.more);
    },
    beforeCallback: () => stage.browser.follow(stage.origin, isCallback),
    post: (path, csrf) =>
      stage.browser.send(`${stage.origin}${path}`, {
        ...{ method: 'POST', body: new URLSearchParams({ csrf }), headers: { origin: stage.origin } },
      }),
    jar() {
      const { cookies } = stage.browser;
      if (!cookies.has(host)) cookies.set(host, new Map());
      return cookies.get(host)!;
    },
    sessionCookie: () => `anneal-${stage.console.port}`,
    asked: (path) => stage.provider.asked.get(path) ?? 0,
    expectRefused(answer, code, status = 403) {
      expect([answer.status, /<code>([a-z_.]+)<\/code>/.exec(answer.text)?.[1]]).toEqual([status, code]);
      expect(stage.jar().has(stage.sessionCookie())).toBe(false);
    },
  } as SignInStage;
  beforeEach(async () => {
    stage.ahead = 0;
    stage.reported = [];
    stage.console = await startSmallConsole();
    stage.origin = `http://${host}:${stage.console.port}`;
    await stage.start();
  });
  afterEach(async () => {
    await stage.console.stop();
    await stage.provider.stop();
  });
  return stage;
}

const specOf = ({ provider, origin }: SignInStage): SignInSpec =>
  parseSignIn(
    {
      ...{ apiVersion: 'anneal/v1', kind: 'SignIn', issuer: provider.issuer, origin },
      ...{ client: { id: 'anneal', secret: CLIENT_SECRET }, claims: { name: 'preferred_username' } },
      ...{ scopes: ['profile', 'groups'] },
      roles: { 'ml-readers': 'viewer', 'ml-leads': 'approver', 'ml-admins': 'admin' },
    },
    'sign-in.yaml',
  );
