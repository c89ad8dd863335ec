// Messages to a real web server and a real mail server.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Evidence } from '../../contracts/gate.ts';
import { campaignName, gateId } from '../../contracts/ids.ts';
import { noticeOf } from './notice.ts';
import { send, slackText } from './send.ts';

vi.setConfig({ testTimeout: 30_000 });
const shown: Evidence = {
  ...{ schema: 'anneal/evidence/v1', gate: gateId.parse('demo.release-1'), campaign: campaignName.parse('demo') },
  ...{ kind: 'release', title: 'Release demo.v3?', why: 'It gained 4 points.', risk: 'Users get it at once.' },
  ...{ facts: [], logTail: [], attachments: [], runChain: 'run-1', cost: { tokens: 0, seconds: 0 } },
  options: ['release', 'keep'].map((name) => ({ name, effect: name })),
  ...{ recommended: 'release', safe: 'keep' },
};
const of = { id: 'demo.release-1/0-0-ada', deadline: new Date('2026-03-04T10:00:00Z') };
const notice = noticeOf(shown, { ...of, console: 'https://anneal.example.org/' });

let server: Server;
let url: string;
let received: { request: IncomingMessage; body: string }[];
let answer: (body: string) => number;
beforeEach(async () => {
  received = [];
  answer = () => 200;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      received.push({ request, body });
      const status = answer(body);
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test('Slack gets a text and a link to the gate, and no way to answer', async () => {
  await send({ kind: 'slack', url: `${url}/services/T/B/secret` }, notice, undefined);
  const { text, ...more } = JSON.parse(received[0]!.body);
  expect(more).toEqual({});
  expect(text).toContain('*Release demo.v3?*');
  expect(text).toContain('On silence, 2026-03-04T10:00:00.000Z: keep.');
  expect(text).toContain('<https://anneal.example.org/gates/demo.release-1|Look and answer>');
});

test('words of a model bring neither links nor mentions nor lines into a message', () => {
  const hostile = {
    ...shown,
    title: 'Fine <https://evil.example|click> @channel\n*x*\u202e\u001b[31m',
    why: '<!here>',
  };
  const text = slackText(noticeOf(hostile, { ...of, console: undefined }));
  expect(text).not.toMatch(/<https:\/\/evil|<!here>|\p{Cf}{2}|\u202e/u);
  expect(text.includes('\u001b')).toBe(false);
  expect(text).not.toMatch(/(^|[^\u200b])@channel/);
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain('`./anneal gates demo.release-1`');
});

test('a webhook gets the notice, signed with its time; without a secret unsigned', async () => {
  const secret = 'a secret of the receiver';
  await send({ kind: 'webhook', url, secret }, notice, undefined);
  const [{ request, body }] = received as [(typeof received)[0]];
  const [, time, sum] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['anneal-signature']))!;
  expect(sum).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  expect(Math.abs(Number(time) - Date.now() / 1_000)).toBeLessThan(60);
  expect(JSON.parse(body)).toEqual({ schema: 'anneal/notice/v1', ...notice });
  await send({ kind: 'webhook', url }, notice, undefined);
  expect(received[1]!.request.headers['anneal-signature']).toBeUndefined();
});

test('a server that refuses, sends elsewhere or is not there is a failure that names no secret', async () => {
  const target = { kind: 'slack', url: `${url}/services/T/B/secret` } as const;
  for (const status of [302, 404, 500]) {
    answer = () => status;
    const failure = await send(target, notice, undefined).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'notification.failed' });
    expect(String(failure)).not.toContain('secret');
  }
  expect(received.map(({ request }) => request.url)).toEqual(Array.from({ length: 3 }, () => '/services/T/B/secret'));
  await expect(send({ kind: 'slack', url: 'http://127.0.0.1:1/x' }, notice, undefined)).rejects.toMatchObject({
    code: 'notification.failed',
  });
});

test('mail arrives once, from and to whom it should, and a title adds no header', async () => {
  const mails: { to: string[]; text: string }[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (part: Buffer) => (text += part.toString()));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  const mail = { server: `smtp://127.0.0.1:${port}`, from: 'anneal@example.org' };
  const hostile = noticeOf({ ...shown, title: 'Release?\r\nBcc: eve@example.org' }, { ...of, console: undefined });
  await send({ kind: 'email', to: ['ada@example.org', 'ben@example.org'] }, hostile, mail);
  await new Promise<void>((resolve) => smtp.close(resolve));
  expect(mails).toHaveLength(1);
  expect(mails[0]!.to).toEqual(['ada@example.org', 'ben@example.org']);
  const [head = '', body] = mails[0]!.text.split(/\r?\n\r?\n/, 2);
  expect(head).toMatch(/^Subject: \[demo\] Release\? Bcc: eve@example\.org$/m);
  expect(head).not.toMatch(/^Bcc:/m);
  expect(head).toMatch(/^Message-ID: <demo\.release-1-0-0-ada@anneal>$/m);
  expect(body).toBeDefined();
  await expect(send({ kind: 'email', to: ['ada@example.org'] }, notice, mail)).rejects.toMatchObject({
    code: 'notification.failed',
  });
});
