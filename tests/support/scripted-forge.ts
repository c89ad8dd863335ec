// A *scripted* forge: a server that speaks GitHub's and GitLab's interfaces over one state, with a real git behind it, and fails as told.
import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { githubDialect } from './scripted-forge-github.ts';
import { gitlabDialect } from './scripted-forge-gitlab.ts';

export interface StoredRequest {
  readonly number: number;
  readonly branch: string;
  readonly onto: string;
  title: string;
  body: string;
  state: 'open' | 'closed' | 'merged';
  head: string;
  readonly author: string;
  /** Comes from a fork. */
  readonly fork?: true;
  readonly comments: { body: string; author: string }[];
  readonly reviews: { by: string; said: 'approved' | 'changes-requested' | 'commented' | 'dismissed' }[];
}
export interface StoredIssue {
  readonly number: number;
  title: string;
  body: string | null;
  readonly author: string;
  readonly labels: readonly string[];
  readonly updatedAt: string;
  closed?: boolean;
  comments?: { body: string; author: string }[];
}
export interface StoredStatus {
  readonly commit: string;
  readonly name: string;
  readonly state: string;
  readonly says: string;
}

/** What befalls a call: before it has an effect, or after. `once` unless more are asked for. */
export interface Fault {
  readonly on: RegExp;
  readonly what:
    | 'error'
    | 'reset-before'
    | 'reset-after'
    | 'error-after'
    | 'limit'
    | 'limit-forbidden'
    | 'slow'
    | 'garbage'
    | 'redirect'
    | 'denied'
    | 'empty-list'
    | 'nothing';
  times?: number;
  /** Of a redirect. */
  readonly to?: string;
  /** Done before it is answered, for what somebody else does meanwhile. */
  readonly does?: () => void;
}

export interface ForgeState {
  readonly project: string;
  readonly token: string;
  readonly requests: StoredRequest[];
  readonly issues: StoredIssue[];
  readonly statuses: StoredStatus[];
  /** Entries of a page, whatever is asked for. */
  pageSize: number;
  /** Whose token it is. */
  readonly me: string;
  head(branch: string): string | undefined;
}
/** @returns undefined: no such address */
export type Dialect = (
  state: ForgeState,
  call: { method: string; path: string; query: URLSearchParams; body: Record<string, unknown>; page: number },
) => { status: number; body: unknown; list?: true } | undefined;

export interface ScriptedForge {
  readonly url: string;
  readonly state: ForgeState;
  readonly faults: Fault[];
  /** Method and path of each call, in order; of git too. */
  readonly calls: string[];
  /** All that came in, headers and bodies, but those of git. */
  readonly received: string[];
  close(): Promise<void>;
}

/** @param folder of the project's bare repository */
export async function startScriptedForge(
  kind: 'github' | 'gitlab',
  {
    folder,
    project = 'team/trainer',
    token = 'scripted-token-0123456789',
  }: { folder: string; project?: string; token?: string },
): Promise<ScriptedForge> {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('config', 'http.receivepack', 'true');
  const head = (branch: string): string | undefined => {
    try {
      return git('rev-parse', '--verify', '--quiet', `refs/heads/${branch}`);
    } catch {
      return undefined;
    }
  };
  const state: ForgeState = {
    project,
    token,
    requests: [],
    issues: [],
    statuses: [],
    pageSize: 100,
    me: 'anneal-bot',
    head,
  };
  const faults: Fault[] = [];
  const calls: string[] = [];
  const received: string[] = [];
  const dialect = kind === 'github' ? githubDialect : gitlabDialect;
  const base = kind === 'github' ? '/api/v3' : '/api/v4';
  const wants = kind === 'github' ? 'x-access-token' : 'oauth2';

  const server = createServer((request, response) => {
    void serve(request, response).catch((failure: unknown) => {
      response.writeHead(500).end(JSON.stringify({ message: String(failure) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? '/', url);
    const call = `${request.method} ${at.pathname}${at.pathname.includes('.git/') ? at.search : ''}`;
    calls.push(call);
    const fault = faults.find(({ on, times = 1 }) => times > 0 && on.test(call));
    if (fault !== undefined) fault.times = (fault.times ?? 1) - 1;
    const what = fault?.what;
    fault?.does?.();
    const body = await read(request);
    if (what === 'reset-before') return void request.socket.destroy();
    if (what === 'slow') await new Promise((resolve) => setTimeout(resolve, 3_000));
    if (what === 'error')
      return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
    if (what === 'limit') return void response.writeHead(429, { 'retry-after': '1' }).end('{"message":"slow down"}');
    if (what === 'limit-forbidden')
      return void response
        .writeHead(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000)) })
        .end('{"message":"API rate limit exceeded"}');
    if (what === 'denied') return void response.writeHead(403).end('{"message":"Resource not accessible"}');
    if (what === 'garbage') return void response.writeHead(200).end('<html>Sign in</html>');
    if (what === 'redirect')
      return void response.writeHead(307, { location: fault?.to ?? 'http://127.0.0.1:1/elsewhere' }).end();
    const answer = (status: number, text: string, headers: Record<string, string> = {}): void => {
      if (what === 'reset-after') return void request.socket.destroy();
      if (what === 'error-after') return void response.writeHead(504).end('Gateway Time-out');
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    };
    if (at.pathname.startsWith(`/${project}.git/`)) return viaGit(request, response, at, body, what);
    received.push(JSON.stringify(request.headers), body.toString());
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, '{"message":"Bad credentials"}');
    if (what === 'empty-list') return answer(200, '[]');
    const page = Number(at.searchParams.get('page') ?? 1);
    const said = dialect(state, {
      ...{ method: request.method ?? '', path: at.pathname.slice(base.length), query: at.searchParams, page },
      body: body.length === 0 ? {} : JSON.parse(body.toString()),
    });
    if (said === undefined || !at.pathname.startsWith(base)) return answer(404, '{"message":"Not Found"}');
    if (!said.list) return answer(said.status, JSON.stringify(said.body));
    const all = said.body as unknown[];
    const size = Math.min(state.pageSize, Number(at.searchParams.get('per_page') ?? 30));
    const from = (page - 1) * size;
    const next = new URL(at);
    next.searchParams.set('page', String(page + 1));
    const hasMore = from + size < all.length;
    answer(
      200,
      JSON.stringify(all.slice(from, from + size)),
      hasMore ? { link: `<${next}>; rel="next", <${next}>; rel="last"` } : {},
    );
  }

  async function viaGit(
    request: IncomingMessage,
    response: ServerResponse,
    at: URL,
    body: Buffer,
    what?: Fault['what'],
  ): Promise<void> {
    const right = `Basic ${Buffer.from(`${wants}:${token}`).toString('base64')}`;
    if (request.headers.authorization !== right) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="forge"' }).end();
      return;
    }
    const child = spawn('git', ['http-backend'], {
      env: {
        ...{ PATH: process.env.PATH, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: state.me },
        ...{
          PATH_INFO: at.pathname.slice(`/${project}.git`.length),
          QUERY_STRING: at.search.slice(1),
          REQUEST_METHOD: request.method,
        },
        ...{ CONTENT_TYPE: request.headers['content-type'] ?? '', CONTENT_LENGTH: String(body.length) },
        ...(request.headers['content-encoding'] && { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
        ...(request.headers['git-protocol'] && { GIT_PROTOCOL: String(request.headers['git-protocol']) }),
      },
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(body);
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    const out = Buffer.concat(parts);
    settle();
    if (what === 'reset-after') return void request.socket.destroy();
    if (what === 'error-after') return void response.writeHead(504).end('Gateway Time-out');
    const gap = out.indexOf('\r\n\r\n');
    const headers = out
      .subarray(0, gap)
      .toString()
      .split('\r\n')
      .map((line) => line.split(/: /, 2) as [string, string]);
    const status = Number(headers.find(([name]) => name === 'Status')?.[1].slice(0, 3) ?? 200);
    response
      .writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status')))
      .end(out.subarray(gap + 4));
  }

  /** As forges do: a request follows its branch, and is merged when what that names is on the branch that it is for. */
  function settle(): void {
    for (const one of state.requests) {
      if (one.state !== 'open') continue;
      one.head = head(one.branch) ?? one.head;
      try {
        git('merge-base', '--is-ancestor', one.head, `refs/heads/${one.onto}`);
        one.state = 'merged';
      } catch {
        // Not yet.
      }
    }
  }

  return {
    ...{ url, state, faults, calls, received },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Settings for it, as of ANNEAL_REPOSITORIES. */
export const forgeAt = (kind: 'github' | 'gitlab', { url, state }: ScriptedForge, tokenFile: string) => ({
  ...{ kind, url, project: state.project, token: { secret: join(tokenFile) } },
});

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
