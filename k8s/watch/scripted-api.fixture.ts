// A scripted API server for one collection, over real sockets: it lists by pages, watches from a version, sends bookmarks, and does on
// request what servers and networks do wrong.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, openCluster } from '../cluster/request.ts';

/**
 * Of the next watches, one each. `503`, `410`: as status. `expired`: 410 as an ERROR event. `silent`: accepted, and then nothing. `empty`:
 * 200 that ends at once. `cut`: the connection breaks after so many bytes. `garbage`: a line that is no event.
 */
export type WatchFault = '503' | '410' | 'expired' | 'silent' | 'empty' | 'garbage' | { readonly cut: number };
/** Of the next pages of lists, one each. `half`: half the answer. `never`: no answer. */
export type ListFault = '403' | '503' | 'expired' | 'half' | 'never' | 'ok';

export interface Item {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec: { readonly value: number; readonly ballast: string };
}

export interface More {
  readonly labels?: Readonly<Record<string, string>>;
  readonly status?: object;
}

export interface ScriptedApi {
  readonly cluster: Cluster;
  readonly path: string;
  readonly watchFaults: WatchFault[];
  readonly listFaults: ListFault[];
  readonly items: ReadonlyMap<string, Item>;
  readonly openWatches: number;
  /** Called before a page is refused as expired. */
  beforeExpiry: () => void;
  /** @param more of the object, beside its spec; labels belong to its metadata */
  put(name: string, value: number, more?: More): void;
  remove(name: string): void;
  /** Forgets its history: watches from before are refused. */
  compact(): void;
  /** Puts something that is no object of the kind. */
  putRaw(name: string, raw: object): void;
  /** Closes its port and all connections, for so long. */
  away(ms: number): Promise<void>;
  stop(): Promise<void>;
}

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: object;
}

export async function startScriptedApi(plural = 'things'): Promise<ScriptedApi> {
  const path = `/api/v1/namespaces/team-a/${plural}`;
  const items = new Map<string, Item>();
  const watchFaults: WatchFault[] = [];
  const listFaults: ListFault[] = [];
  const watches = new Set<(event: Event) => void>();
  let history: Event[] = [];
  let oldest = 0;
  let version = 1;
  let uids = 0;

  function happen(type: Event['type'], object: object): void {
    const event = { type, version, object };
    history.push(event);
    for (const tell of watches) tell(event);
  }

  function put(name: string, value: number, { labels, ...more }: More = {}): void {
    version += 1;
    const before = items.get(name);
    const uid = before?.metadata.uid ?? `uid-${++uids}`;
    const metadata = { name, namespace: 'team-a', uid, resourceVersion: `${version}`, ...(labels && { labels }) };
    const item = { metadata, ...more, spec: { value, ballast: 'x'.repeat(200) } };
    items.set(name, item);
    happen(before === undefined ? 'ADDED' : 'MODIFIED', item);
  }

  function list(url: URL, to: ServerResponse): void {
    const fault = listFaults.shift();
    const [at = `${version}`, from = '0'] = url.searchParams.get('continue')?.split(':') ?? [];
    if (fault === 'never') return;
    if (fault === '403' || fault === '503') {
      status(to, Number(fault), `a scripted ${fault}`);
      return;
    }
    if (fault === 'expired' && from !== '0') {
      api.beforeExpiry();
      status(to, 410, 'the provided continue parameter is too old');
      return;
    }
    const limit = Number(url.searchParams.get('limit'));
    const all = [...items.values()].slice(Number(from));
    const next = all.length > limit ? `${at}:${Number(from) + limit}` : undefined;
    const body = JSON.stringify({
      kind: 'ThingList',
      metadata: { resourceVersion: at, ...(next === undefined ? {} : { continue: next }) },
      items: all.slice(0, limit),
    });
    to.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    if (fault === 'half') to.write(body.slice(0, body.length / 2), () => to.destroy());
    else to.end(body);
  }

  function watch(url: URL, to: ServerResponse): void {
    const fault = watchFaults.shift();
    const from = Number(url.searchParams.get('resourceVersion'));
    if (fault === '503' || fault === '410') {
      status(to, Number(fault), `a scripted ${fault}`);
      return;
    }
    to.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    if (fault === 'expired' || (fault === undefined && from < oldest)) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      to.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    if (fault === 'empty') to.end();
    if (fault === 'garbage') to.write('{"type":"ADDED","object":{"metadata":{"na\n');
    if (fault === 'silent' || fault === 'empty' || fault === 'garbage') return;
    let left = fault === undefined ? Number.POSITIVE_INFINITY : fault.cut;
    const write = (line: object): void => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      if (to.destroyed) return;
      if (bytes.length < left) to.write(bytes);
      else to.write(bytes.subarray(0, left), () => to.destroy());
      left -= bytes.length;
    };
    const tell = ({ type, object }: Event): void => write({ type, object });
    for (const event of history) if (event.version > from) tell(event);
    watches.add(tell);
    const bookmark = {
      kind: 'Thing',
      metadata: {
        get resourceVersion() {
          return `${version}`;
        },
      },
    };
    const beat = setInterval(() => write({ type: 'BOOKMARK', object: bookmark }), 100);
    const end = setTimeout(() => to.end(), Number(url.searchParams.get('timeoutSeconds')) * 1000);
    to.on('close', () => {
      watches.delete(tell);
      clearInterval(beat);
      clearTimeout(end);
    });
  }

  function serve(from: IncomingMessage, to: ServerResponse): void {
    const url = new URL(from.url ?? '', 'http://scripted');
    if (url.pathname !== path) status(to, 404, 'page not found');
    else if (url.searchParams.get('watch') === 'true') watch(url, to);
    else list(url, to);
  }

  let server = await listen(serve, 0);
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'anneal-scripted-api-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${port}`)));

  const api: ScriptedApi = {
    cluster: openCluster({ kubeconfig, timeoutMs: 1_000, patienceMs: 600 }),
    path,
    watchFaults,
    listFaults,
    items,
    get openWatches() {
      return watches.size;
    },
    put,
    remove(name) {
      const before = items.get(name);
      if (before === undefined) return;
      version += 1;
      items.delete(name);
      happen('DELETED', { ...before, metadata: { ...before.metadata, resourceVersion: `${version}` } });
    },
    compact() {
      oldest = version;
      history = [];
    },
    putRaw(name, raw) {
      version += 1;
      const metadata = { name, namespace: 'team-a', uid: `uid-${++uids}`, resourceVersion: `${version}` };
      happen('ADDED', { ...raw, metadata });
    },
    async away(ms) {
      await close(server);
      await new Promise((done) => setTimeout(done, ms));
      server = await listen(serve, port);
    },
    async stop() {
      await close(server);
      await rm(folder, { recursive: true, force: true });
    },
    beforeExpiry() {},
  };
  return api;
}

const kubeconfigOf = (server: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  // Without TLS, which the library takes for a mistake unless this is set.
  clusters: [{ name: 'scripted', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'nobody', user: {} }],
  contexts: [{ name: 'scripted', context: { cluster: 'scripted', user: 'nobody' } }],
  'current-context': 'scripted',
});

function status(to: ServerResponse, code: number, message: string): void {
  to.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', code, message }));
}

function listen(serve: (from: IncomingMessage, to: ServerResponse) => void, port: number): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer(serve).once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  await closed;
}
