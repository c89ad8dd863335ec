// The console as one Hono application: who may see a page stands before every one of them, and whatever fails is a page too.

import { type Context, Hono } from 'hono';
import { AnnealError, errorCode } from '../contracts/errors.ts';
import type { Html } from '../infra/markup/html.ts';
import { nameFailure } from '../infra/temporal/away.ts';
import { parseCampaignName } from '../infra/temporal/campaign-names.ts';
import { nextAfter, onCallAt } from '../policies/on-call.ts';
import { type AssetName, type Assets, loadAssets } from './assets.ts';
import { addCampaignRoutes } from './campaign-routes.ts';
import { addCaseRoutes, type Cases, openCases } from './case-routes.ts';
import { addGateRoutes } from './gate-routes.ts';
import { protective } from './headers.ts';
import { type Board, createBoard } from './live/board.ts';
import { streamEvents } from './live/events.ts';
import { createWatch, versionOfStatus, type Watch } from './live/watch.ts';
import { errorDocPage, failurePage, statusOf } from './pages/failure.ts';
import { gatesPage } from './pages/gates.ts';
import { type Frame, layout } from './pages/layout.ts';
import type { Passkeys } from './passkeys/mounted.ts';
import { addPeopleRoutes } from './people-routes.ts';
import type { ConsolePorts } from './ports.ts';
import { readStatus } from './read/campaign.ts';
import type { SignIn, Viewer } from './viewer.ts';

/** What a handler knows of who asks. */
export interface Env {
  Variables: { viewer: Viewer };
}
export type Show = (
  c: Context<Env>,
  frame: Omit<Frame, 'assets' | 'viewer' | 'stale' | 'open'>,
) => Response | Promise<Response>;

export interface Parts {
  readonly ports: ConsolePorts;
  readonly signIn: SignIn;
  readonly board: Board;
  readonly show: Show;
  /** Where people decide with their own; the local mode has the machine's key. */
  readonly passkeys: Passkeys | undefined;
}

export interface Console {
  readonly app: Hono<Env>;
  readonly board: Board;
  close(): Promise<void>;
}

/** How long a first page waits for the first look. */
const FIRST_LOOK_MS = 10_000;

export function createConsole(ports: ConsolePorts, signIn: SignIn, passkeys?: Passkeys): Console {
  const assets = loadAssets();
  const board = createBoard(ports);
  const cases = openCases(ports);
  const watch = createWatch((topic) => versionOfTopic(ports, cases, topic));
  const app = new Hono<Env>();
  const show: Show = (c, frame) => {
    const { snapshot, stale } = board.seen();
    return page(c, { ...frame, assets, viewer: c.get('viewer'), stale: stale?.since, open: snapshot?.open.length });
  };

  // Before whoever asks is looked at: a probe is nobody, and calls it by an address.
  app.get('/healthz', (c) => c.text('ok'));
  app.use('*', protective);
  if (signIn.guard !== undefined) app.use('*', signIn.guard);
  app.onError((failure, c) => {
    const error = nameFailure(failure);
    if (error.code === 'internal.bug') console.error(failure);
    return failed(c, error, assets, board);
  });
  app.notFound((c) => failed(c, new AnnealError('console.no_page', `nothing lies at ${c.req.path}`), assets, board));
  app.get('/assets/:name', (c) => asset(c, assets));
  app.route('/', signIn.routes);
  if (passkeys !== undefined) app.route('/', passkeys.routes);
  app.use('*', async (c, next) => {
    const viewer = await signIn.viewerOf(c.req.raw);
    if (viewer === undefined) {
      const isPage = c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html');
      if (isPage) return c.redirect(`${signIn.signInPath}?next=${encodeURIComponent(pathOf(c.req.url))}`, 303);
      return failed(c, new AnnealError('console.refused', 'nobody is signed in'), assets, board);
    }
    c.set('viewer', viewer);
    await next();
  });
  const parts = { ports, signIn, board, show, passkeys };
  addOwnRoutes(app, parts, watch);
  addGateRoutes(app, parts);
  addCampaignRoutes(app, parts);
  addCaseRoutes(app, parts, cases);
  addPeopleRoutes(app, parts);
  return {
    app,
    board,
    async close() {
      watch.close();
      await board.close();
    },
  };
}

function addOwnRoutes(app: Hono<Env>, { ports, signIn, board, show }: Parts, watch: Watch): void {
  app.get('/', async (c) => {
    const now = new Date();
    const snapshot = await firstLook(board);
    const { onCall } = ports;
    const body = gatesPage({
      ...{ snapshot, now, page: Number(c.req.query('page') ?? 1) || 1 },
      onCall: onCall && { now: onCallAt(onCall, now), next: nextAfter(onCall, now) },
    });
    return show(c, {
      title: `Gates (${snapshot.open.length})`,
      at: 'gates',
      live: { topic: 'gates', version: snapshot.version },
      body,
    });
  });
  app.get('/events', (c) =>
    streamEvents(c, { board, watch, goesOn: async () => (await signIn.viewerOf(c.req.raw)) !== undefined }),
  );
  app.get('/errors/:code', async (c) => {
    const code = errorCode.safeParse(c.req.param('code'));
    const text = code.success ? await ports.explain(code.data) : undefined;
    if (text === undefined) throw new AnnealError('console.no_page', 'no error has that code');
    return show(c, { title: c.req.param('code'), body: errorDocPage(text) });
  });
}

/** Of what is watched on its own; a topic comes from whoever asks, and may be anything. */
async function versionOfTopic(ports: ConsolePorts, cases: Cases, topic: string): Promise<string | undefined> {
  const at = topic.indexOf(':');
  const [kind, name] = [topic.slice(0, at), topic.slice(at + 1)];
  if (kind === 'incident') return cases.incidents.version(name);
  if (kind === 'ticket') return cases.tickets.version(name);
  if (kind === 'research') return cases.researches.version(name);
  if (kind === 'share') return cases.share.version(name);
  const status = await readStatus(ports, parseCampaignName(name));
  return status && versionOfStatus(status);
}

async function firstLook(board: Board) {
  const known = board.seen().snapshot;
  if (known !== undefined) return known;
  const late = new Promise<void>((resolve) => setTimeout(resolve, FIRST_LOOK_MS).unref());
  await Promise.race([board.refresh(), late]);
  const { snapshot, stale } = board.seen();
  if (snapshot !== undefined) return snapshot;
  throw stale?.why ?? new AnnealError('stack.temporal_unavailable', 'Temporal has not answered yet');
}

/** The path alone: whoever signs in is sent back to nowhere else. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function page(
  c: Context<Env>,
  frame: Frame,
  status: 200 | ReturnType<typeof statusOf> = 200,
): Response | Promise<Response> {
  return c.html(layout(frame).html, status);
}

function failed(c: Context<Env>, error: AnnealError, assets: Assets, board: Board): Response | Promise<Response> {
  const { stale } = board.seen();
  const body: Html = failurePage(error);
  const frame = { title: error.code, assets, viewer: c.get('viewer') as Viewer | undefined, stale: stale?.since, body };
  return page(c, frame, statusOf(error.code));
}

function asset(c: Context<Env>, assets: Assets): Response {
  const name = c.req.param('name') ?? '';
  if (!Object.hasOwn(assets, name)) throw new AnnealError('console.no_page', `there is no ${name}`);
  const { text, type } = assets[name as AssetName];
  return c.body(text, 200, { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' });
}
