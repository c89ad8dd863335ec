// A real OpenID provider on this machine, whose people, groups and moods a test changes while it runs.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { vi } from 'vitest';

export interface OidcPerson {
  name: string;
  groups: string[] | undefined;
}

export interface OidcServer {
  readonly issuer: string;
  /** By subject; whoever is not there any more is unknown to the provider. */
  readonly people: Map<string, OidcPerson>;
  /** Who signs in next. */
  who: string;
  /** While it is set, it answers everything with this status; 0: it does not answer at all. */
  mood: number | undefined;
  /** Requests so far, by path. */
  readonly asked: Map<string, number>;
  /** Every token and code that it gave out. */
  readonly secrets: string[];
  takeBack(accessToken: string): Promise<void>;
  stop(): Promise<void>;
}

export interface OidcServerOptions {
  readonly redirects: string[];
  readonly secret?: string | undefined;
  readonly accessSeconds?: number;
  readonly refresh?: boolean;
}

export async function startOidcServer(options: OidcServerOptions): Promise<OidcServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, OidcPerson>();
  const asked = new Map<string, number>();
  const secrets: string[] = [];
  // It says that its keys and its memory are those of a test.
  const quiet = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info')].map((spy) => spy.mockImplementation(() => {}));
  const provider = new Provider(issuer, configuration(options, people));
  for (const spy of quiet) spy.mockRestore();
  provider.on('grant.success', ({ body }) => {
    for (const [name, value] of Object.entries(body as Record<string, unknown>))
      if (name.endsWith('_token') && typeof value === 'string') secrets.push(value);
  });
  const state: OidcServer = {
    ...{ issuer, people, who: '', mood: undefined, asked, secrets },
    async takeBack(accessToken) {
      await (await provider.AccessToken.find(accessToken))?.destroy();
    },
    stop: () => stop(server),
  };
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    if (state.mood === 0) return;
    if (state.mood !== undefined) response.writeHead(state.mood).end();
    else if (pathname.startsWith('/interaction/')) void signIn(provider, request, response, state.who);
    else answer(request, response);
  });
  return state;
}

function configuration(
  { redirects, secret, accessSeconds, refresh }: OidcServerOptions,
  people: Map<string, OidcPerson>,
) {
  return {
    clients: [
      {
        ...{ client_id: 'anneal', redirect_uris: redirects, response_types: ['code'] },
        grant_types: ['authorization_code', ...(refresh ? ['refresh_token'] : [])],
        ...(secret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }),
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    cookies: { keys: ['of-a-test'] },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: async () => refresh === true,
    ttl: {
      RefreshToken: 3600,
      AccessToken: accessSeconds ?? 3600,
      IdToken: 3600,
      Grant: 3600,
      Session: 3600,
      Interaction: 600,
    },
    async findAccount(_: unknown, accountId: string) {
      const person = people.get(accountId);
      if (person === undefined) return undefined;
      return {
        accountId,
        claims: async () => ({ sub: accountId, preferred_username: person.name, groups: person.groups }),
      };
    },
  };
}

/** What a person does at the provider's own pages, in one step. */
async function signIn(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  accountId: string,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
