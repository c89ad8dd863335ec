// A *scripted* model server in a process of its own: it reads no more of HTTP than it must, so that what is measured before it is the
// gateway. argv[2]: milliseconds before each answer; default none. Prints its URL as the first line.
import { writeSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createRequests } from './http-bytes.ts';

const WORDS = 'The quick brown fox jumps over the lazy dog and then has a little rest beside it .'.split(' ');
const head = { id: 'chatcmpl-scripted', created: 1_790_000_000, model: 'scripted' };
const usage = { prompt_tokens: 12, completion_tokens: WORDS.length, total_tokens: 12 + WORDS.length };

const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: WORDS.join(' ') }, logprobs: null, finish_reason: 'stop' },
  ],
  usage,
});
const PLAIN = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(whole)}\r\n\r\n${whole}`,
);

const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (data: object | string): string =>
  chunked(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
const delta = (of: object, finish: string | null = null): string =>
  event({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta: of, finish_reason: finish }] });
/** Each is a write of its own, as a server sends them that has a token at a time. */
const STREAM = [
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
  delta({ role: 'assistant', content: '' }),
  ...WORDS.map((word) => delta({ content: ` ${word}` })),
  delta({}, 'stop'),
  event({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  `${event('[DONE]')}0\r\n\r\n`,
].map((text) => Buffer.from(text));

const DELAY_MS = Number(process.argv[2] ?? 0);

function send(socket: Socket, answer: readonly Buffer[]): void {
  if (socket.destroyed) return;
  for (const one of answer) socket.write(one);
}

const server = createServer((socket: Socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  const requests = createRequests((body) => {
    // LiteLLM puts a blank after the colon.
    const answer = /"stream": ?true/.test(body) ? STREAM : [PLAIN];
    if (DELAY_MS === 0) send(socket, answer);
    else setTimeout(send, DELAY_MS, socket, answer);
  });
  socket.on('data', requests);
});
server.listen(0, '127.0.0.1', () => {
  writeSync(1, `http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
