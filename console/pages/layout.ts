// What every page has around it: where one is, who one is, and whether what is shown is still so.
import { raw as hono } from 'hono/html';
import { escapeHtml, type Html, html, type Part, raw } from '../../infra/markup/html.ts';
import { mayDo } from '../../policies/console-roles.ts';
import type { Assets } from '../assets.ts';
import type { Layout } from '../sign-in/pages.ts';
import type { Viewer } from '../viewer.ts';

export interface Frame {
  readonly title: string;
  readonly viewer: Viewer | undefined;
  readonly assets: Assets;
  /** What the page is a picture of, and which version of it: it asks for itself again when that changes. */
  readonly live?: { readonly topic: string; readonly version: string };
  /** Since when nothing newer is known. */
  readonly stale?: Date | undefined;
  readonly open?: number | undefined;
  readonly at?: 'gates' | 'campaigns' | 'incidents' | 'tickets' | 'research' | 'share' | 'people';
  readonly body: Part;
}

const KEYS = [
  ['j', 'next in the list'],
  ['k', 'one before'],
  ['Enter', 'open it'],
  ['g', 'all gates'],
  ['c', 'all campaigns'],
  ['?', 'these keys'],
] as const;

export function layout({ title, viewer, assets, live, stale, open, at, body }: Frame): Html {
  const link = (to: string, name: typeof at, text: Part): Html =>
    html`<a href="${to}"${at === name && html` aria-current="page"`}>${text}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Anneal</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets['console.css'].path}">
${viewer && html`<script type="module" src="${assets['live.js'].path}"></script><script type="module" src="${assets['keys.js'].path}"></script>`}
</head>
<body${live && html` data-topic="${live.topic}" data-version="${live.version}"`}${stale && html` data-stale="${stale.toISOString()}"`}>
<a class="skip" href="#main">To the content</a>
<header class="top"><a class="name" href="/">Anneal</a>${
    viewer &&
    html`<nav aria-label="Console">${link('/', 'gates', html`Gates${open !== undefined && html` <span class="count" data-open>${open}</span>`}`)}${link('/campaigns', 'campaigns', 'Campaigns')}${link('/incidents', 'incidents', 'Incidents')}${link('/tickets', 'tickets', 'Tickets')}${link('/research', 'research', 'Research')}${link('/share', 'share', 'Share')}${mayDo(viewer, 'manage-people') && link('/people', 'people', 'People')}</nav><div class="who">${viewer.name} <span class="soft">${viewer.role}</span>${viewer.how === 'oidc' && html` <a href="/passkeys">Passkey</a>`}<form method="post" action="/sign-in/out"><input type="hidden" name="csrf" value="${viewer.csrf}"><button class="plain">Sign out</button></form></div>`
  }</header>
<p class="stale" role="status" data-stale-note${!stale && html` hidden`}>Stale since <time data-stale-since>${stale?.toISOString().slice(11, 19)} UTC</time>: nothing newer is known. This page goes on by itself when it is.</p>
<main id="main">
${body}
</main>
<p class="quiet" role="status" data-news></p>
${
  viewer &&
  html`<dialog id="keys" aria-labelledby="h-keys"><h2 id="h-keys">Keys</h2><dl>${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl><form method="dialog"><button>Close</button></form></dialog>`
}
</body>
</html>
`;
}

/** An instant, and how far it is: the script keeps the distance true. */
export function distance(to: Date, now: Date): Html {
  const seconds = (to.getTime() - now.getTime()) / 1000;
  return html`<time datetime="${to.toISOString()}" data-left>${left(seconds)}</time>`;
}

/** The same words as assets/live.ts keeps writing. */
export function left(seconds: number): string {
  if (seconds <= 0) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same around what signing in and passkeys say, which is markup of ours. */
export const frameOf =
  (assets: Assets): Layout =>
  async (title, content) => {
    const body = raw(`<h1>${escapeHtml(title)}</h1>${String(await content)}`);
    return hono(layout({ title, viewer: undefined, assets, body }).html);
  };
