// A *scripted* judge: a server that speaks OpenAI's chat API on loopback and answers as told. No model is behind it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedOfJudge {
  readonly model: string;
  readonly key: string | undefined;
  /** The criteria's names, and the artifact, read back from the question as a model would. */
  readonly criteria: readonly string[];
  readonly artifact: string;
}

export interface ScriptedJudge {
  /** Up to and without /chat/completions. */
  readonly endpoint: string;
  readonly asked: AskedOfJudge[];
  close(): Promise<void>;
}

/** @param says whether every criterion is met, or the reply itself, or a status without an answer */
export async function startScriptedJudge(
  says: (asked: AskedOfJudge) => boolean | string | number,
): Promise<ScriptedJudge> {
  const asked: AskedOfJudge[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as { model: string; messages: { content: string }[] };
      const user = body.messages.at(-1)!.content;
      const [head = '', quoted = ''] = user.split('\n\nARTIFACT\n');
      const criteria = [...head.split('\n\nCRITERIA\n')[1]!.matchAll(/^- ([a-z0-9-]+):/gm)].map(([, name]) => name!);
      const one = { model: body.model, key: request.headers.authorization, criteria, artifact: JSON.parse(quoted) };
      asked.push(one);
      const said = says(one);
      if (typeof said === 'number') return void response.writeHead(said).end();
      const verdicts = criteria.map((criterion) => ({ criterion, met: said === true, because: 'scripted' }));
      const content = typeof said === 'string' ? said : JSON.stringify({ verdicts });
      response.end(JSON.stringify({ choices: [{ finish_reason: 'stop', message: { content } }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
