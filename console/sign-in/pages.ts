// The pages of signing in, and how the console says what went wrong: a code, what happened, what to do.
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { type AnnealError, asAnnealError, ERRORS } from '../../contracts/errors.ts';
import { HEADERS } from '../headers.ts';
import { statusOf } from '../pages/failure.ts';

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** How a page looks around its content; the console has its own. */
export type Layout = (title: string, content: Html) => Html;

/** Without anything from elsewhere: these pages also show when the rest of the console does not. */
export const plainLayout: Layout = (title, content) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Anneal</title>
</head>
<body><main><h1>${title}</h1>${content}</main></body>
</html>`;

export function protect(context: Context): void {
  for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
}

/** For scripts: the same as the page says. */
export function errorAsJson(failure: AnnealError): { code: string; title: string; message: string; action: string } {
  const { title, action } = ERRORS[failure.code];
  return { code: failure.code, title, message: messageOf(failure), action };
}

/** @param again where to sign in anew, where that helps */
export function errorPage(
  context: Context,
  thrown: unknown,
  layout: Layout,
  again?: string,
): Response | Promise<Response> {
  const failure = asAnnealError(thrown);
  protect(context);
  if (failure.code === 'sign_in.too_many') context.header('retry-after', '60');
  const { title, message, action, code } = errorAsJson(failure);
  context.status(statusOf(failure.code));
  return context.html(
    layout(
      title,
      html`<p>${message === '' ? '' : `${message[0]!.toUpperCase()}${message.slice(1)}.`}</p>
<p><strong>What to do:</strong> ${action}</p>
${again === undefined ? '' : html`<p><a href="${again}">Sign in</a></p>`}
<p><small>Code <code>${code}</code></small></p>`,
    ),
  );
}

/** What nobody foresaw may hold anything. */
const messageOf = (failure: AnnealError): string => (failure.code === 'internal.bug' ? '' : failure.message);
