// A *scripted* model that adds: it finds the question of eval-samples.ts in what it is asked, and answers it rightly at once. argv[2] is
// `engine` for an engine of Anneal's with its control API, `chat` for a server of Chat Completions. Prints its URL as the first line.
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startScriptedUpstream } from '../../tests/support/scripted-upstream.ts';

function sumIn(text: string): string {
  const found = /What is (\d+) plus (\d+)\?/.exec(text);
  if (found === null) throw new Error(`not in the script: ${text}`);
  return String(Number(found[1]) + Number(found[2]));
}

async function engine(): Promise<string> {
  const upstream = await startScriptedUpstream();
  upstream.script = (answer, { prompt }) => {
    const content = sumIn(String.fromCodePoint(...prompt));
    const tokens = [...content].map((letter) => letter.codePointAt(0)!);
    Object.assign(answer, { content, tokens, completion_probabilities: tokens.map((id) => ({ id, logprob: -1 })) });
    upstream.bodies.splice(0);
  };
  return upstream.url;
}

/** With token ids and log-probabilities, as one that trains asks for them. */
async function chat(): Promise<string> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const content = sumIn(text);
    const ids = [...content].map((letter) => letter.codePointAt(0)!);
    const logprobs = { content: ids.map((id) => ({ token: String.fromCodePoint(id), logprob: -1, top_logprobs: [] })) };
    const choice = {
      index: 0,
      finish_reason: 'stop',
      message: { role: 'assistant', content },
      logprobs,
      token_ids: ids,
    };
    const usage = { prompt_tokens: 12, completion_tokens: ids.length, total_tokens: 12 + ids.length };
    const body = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'scripted',
      choices: [choice],
      usage,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

writeSync(1, `${await (process.argv[2] === 'chat' ? chat() : engine())}\n`);
