import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createOpenAiJudge } from './openai.ts';

let server: Server | undefined;
afterEach(() => new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve))));

/** A scripted server: what it is asked, and what it answers with. */
async function judge(status: number, body: unknown) {
  const asked: { url: string | undefined; key: string | undefined; body: unknown }[] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request
      .on('data', (part: Buffer) => parts.push(part))
      .on('end', () => {
        const { url, headers } = request;
        asked.push({ url, key: headers.authorization, body: JSON.parse(Buffer.concat(parts).toString()) });
        response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
  const model = createOpenAiJudge({ baseUrl, model: 'scripted-1', family: 'scripted', apiKey: 'k', pausesMs: [1, 1] });
  const answer = model.answer({ system: 's', user: 'u', schema: { type: 'object' }, temperature: 0, maxTokens: 9 });
  return { answer, asked };
}

const said = (content: string | null, reason = 'stop') => ({
  choices: [{ finish_reason: reason, message: { content } }],
});

test('asks for a schema at temperature 0, and gives back the text', async () => {
  const { answer, asked } = await judge(200, said('{"a":1}'));
  expect(await answer).toBe('{"a":1}');
  expect(asked).toMatchObject([
    {
      url: '/v1/chat/completions',
      key: 'Bearer k',
      body: {
        temperature: 0,
        max_tokens: 9,
        response_format: { json_schema: { strict: true, schema: { type: 'object' } } },
      },
    },
  ]);
  expect(asked[0]!.body).not.toHaveProperty('tools');
});

test.each([
  ['an error', 503, 'busy'],
  ['words', 200, 'hello'],
  ['no choice', 200, { choices: [] }],
  ['a cut answer', 200, said('{"a":', 'length')],
])('%s is a failure, not an answer', async (_, status, body) => {
  const { answer } = await judge(status, body);
  await expect(answer).rejects.toMatchObject({ code: 'gateway.upstream_failed' });
});
