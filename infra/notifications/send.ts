// Telling by each way. A message is sent once more where it is not known to have arrived; it has an id by which a receiver can tell.
import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { AnnealError } from '../../contracts/errors.ts';
import type { Channel, OnCallSpec } from '../../contracts/on-call.ts';
import { type Notice, subjectOf, textOf } from './notice.ts';

const TIMEOUT_MS = 10_000;

type Mail = OnCallSpec['mail'];

/** @throws AnnealError `notification.failed` */
export async function send(channel: Channel, notice: Notice, mail: Mail): Promise<void> {
  switch (channel.kind) {
    case 'slack':
      return post(channel.url, JSON.stringify({ text: slackText(notice) }), {});
    case 'webhook': {
      const body = JSON.stringify({ schema: 'anneal/notice/v1', ...notice });
      return post(channel.url, body, channel.secret === undefined ? {} : signature(channel.secret, body));
    }
    case 'email':
      return sendMail(channel.to, notice, mail);
  }
}

/** Slack reads `&`, `<` and `>` as its own: a title may not bring a link along. */
export function slackText(notice: Notice): string {
  const plain = (text: string): string =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll(/[*_~`@]/g, '\u200b$&');
  const { title, campaign, why, recommended, safe, deadline, link, command } = notice;
  const answer = link === null ? `\`${command}\`` : `<${link}|Look and answer>`;
  return `*${plain(title)}* (${plain(campaign)})\n${plain(why)}\nRecommended: ${plain(recommended)}. On silence, ${deadline}: ${plain(safe)}.\n${answer}`;
}

/** HMAC-SHA256 over `TIME.BODY`, so that an old message cannot be played again later. */
function signature(secret: string, body: string): Record<string, string> {
  const time = String(Math.floor(Date.now() / 1_000));
  const sum = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { 'anneal-signature': `t=${time},v1=${sum}` };
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<void> {
  const { origin } = new URL(url);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
    // Somewhere else nobody has been named.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => failed(origin, reasonOf(cause), cause));
  await response.body?.cancel();
  // The path of a webhook is its secret.
  if (!response.ok) failed(origin, `answered ${response.status}`);
}

async function sendMail(to: readonly string[], notice: Notice, mail: Mail): Promise<void> {
  if (mail === undefined) throw new AnnealError('internal.bug', 'mail without a server');
  const transport = createTransport({
    url: mail.server,
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
  });
  const { host } = new URL(mail.server);
  try {
    await transport.sendMail({
      ...{ from: mail.from, to: [...to], subject: subjectOf(notice), text: textOf(notice) },
      messageId: `<${notice.id.replaceAll(/[^\w.-]/g, '-')}@anneal>`,
    });
  } catch (cause) {
    failed(host, reasonOf(cause), cause);
  } finally {
    transport.close();
  }
}

function failed(where: string, why: string, cause?: unknown): never {
  throw new AnnealError('notification.failed', `${where} ${why}`, { cause });
}

function reasonOf(failure: unknown): string {
  const { message, cause } = failure as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
