// The least that a console is: pages behind a sign-in, and something that changes something.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { statusOf } from '../../console/pages/failure.ts';
import { errorAsJson } from '../../console/sign-in/pages.ts';
import { signInLink } from '../../console/sign-in/return-to.ts';
import type { SignIn } from '../../console/viewer.ts';
import { asAnnealError } from '../../contracts/errors.ts';

export interface SmallConsole {
  readonly port: number;
  /** What was done, by whom. */
  readonly done: string[];
  /** The process starts anew: other sessions, same address. */
  use(signIn: SignIn, more?: (app: Hono) => void): void;
  stop(): Promise<void>;
}

export async function startSmallConsole(host = '127.0.0.1'): Promise<SmallConsole> {
  let app = new Hono();
  const done: string[] = [];
  const server = createServer(getRequestListener((request, env) => app.fetch(request, env)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    done,
    use(signIn, more) {
      app = new Hono();
      app.onError((failure, context) => {
        const known = asAnnealError(failure);
        return context.json(errorAsJson(known), statusOf(known.code));
      });
      app.route('/', signIn.routes);
      more?.(app);
      app.get('/*', async (context) => {
        const viewer = await signIn.viewerOf(context.req.raw);
        if (viewer === undefined) return context.redirect(signInLink(signIn.signInPath, context.req.raw), 303);
        const { name, role, how, csrf } = viewer;
        return context.html(html`<!doctype html><title>Console</title><p id="who">${name} ${role} ${how}</p>
<form method="post" action="/do"><input type="hidden" name="csrf" value="${csrf}"><button id="do">Do it</button></form>`);
      });
      app.post('/do', async (context) => {
        const viewer = await signIn.viewerOf(context.req.raw);
        if (viewer === undefined) return context.text('nobody', 401);
        await signIn.refuseForged(context.req.raw, viewer);
        done.push(`${viewer.name} ${(await context.req.text()).length > 0 ? 'form' : 'empty'}`);
        return context.text('done');
      });
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
