// A scripted W&B server: as much of the API that W&B's own client uses as our adapter needs, kept in memory. Real W&B servers
// are not to be had from a package registry. The requests it takes are those that W&B's own client (0.31.0) was seen to send.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

export interface ScriptedRun {
  readonly entity: string;
  readonly project: string;
  readonly name: string;
  state: 'running' | 'finished' | 'failed' | 'killed';
  displayName: string;
  config: Record<string, { value: unknown }>;
  readonly history: (string | undefined)[];
  summary: string;
  readonly files: Map<string, Buffer>;
}

export interface ScriptedWandb {
  readonly url: string;
  readonly key: string;
  readonly runs: Map<string, ScriptedRun>;
  close(): Promise<void>;
}

const KEY = 'scripted'.repeat(5);
const asked = z.object({ operationName: z.string(), query: z.string(), variables: z.record(z.string(), z.unknown()) });
const placed = z.looseObject({ name: z.string(), entity: z.string(), project: z.string() });
const upsert = placed.extend({ displayName: z.string(), config: z.string() });
const wanted = z.looseObject({ run: z.string(), entity: z.string(), project: z.string(), files: z.array(z.string()) });
const streamed = z.strictObject({
  files: z
    .record(z.string(), z.strictObject({ offset: z.int().nonnegative(), content: z.array(z.string()) }))
    .default({}),
  uploaded: z.array(z.string()).optional(),
  complete: z.boolean().optional(),
  exitcode: z.int().optional(),
});

export async function startScriptedWandb(): Promise<ScriptedWandb> {
  const runs = new Map<string, ScriptedRun>();
  const keyOf = (entity: string, project: string, run: string): string => `${entity}/${project}/${run}`;
  const server = createServer((request, response) => {
    answer(request, response).catch((failure: unknown) => reply(response, 400, { error: String(failure) }));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', 'http://wandb').pathname.split('/').map(decodeURIComponent);
    const body = await bodyOf(request);
    if (path[1] === 'storage') return store(path.slice(2), request, body, response);
    const basic = `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}`;
    if (request.headers.authorization !== basic) return reply(response, 401, { error: 'user is not logged in' });
    if (path[1] === 'graphql') return reply(response, 200, graphql(asked.parse(JSON.parse(body.toString('utf8')))));
    if (path[1] === 'files' && path[5] === 'file_stream') {
      const run = runs.get(keyOf(path[2]!, path[3]!, path[4]!));
      if (run === undefined) return reply(response, 404, { error: 'run not found' });
      stream(run, streamed.parse(JSON.parse(body.toString('utf8'))));
      return reply(response, 200, { exitcode: null, limits: {} });
    }
    reply(response, 404, { error: 'no such path' });
  }

  function graphql({ operationName, query, variables }: z.infer<typeof asked>): object {
    if (!query.includes(operationName)) return { errors: [{ message: `unknown operation ${operationName}` }] };
    if (operationName === 'RunResumeStatus') {
      const { entity, project, name } = placed.parse(variables);
      const run = runs.get(keyOf(entity, project, name));
      return { data: { model: run === undefined ? null : { bucket: shown(run) } } };
    }
    if (operationName === 'UpsertBucket') {
      const { entity, project, name, displayName, config } = upsert.parse(variables);
      const key = keyOf(entity, project, name);
      const inserted = !runs.has(key);
      const run = runs.get(key) ?? {
        ...{
          entity,
          project,
          name,
          displayName,
          config: {},
          history: [],
          summary: '{}',
          files: new Map<string, Buffer>(),
        },
        state: 'running' as const,
      };
      Object.assign(run, { displayName, config: JSON.parse(config), state: 'running' });
      runs.set(key, run);
      return { data: { upsertBucket: { bucket: shown(run), inserted } } };
    }
    if (operationName === 'CreateRunFiles') {
      const { entity, project, run, files } = wanted.parse(variables);
      const urls = files.map((name) => ({
        name,
        uploadUrl: `/storage/${[entity, project, run, name].map(encodeURIComponent).join('/')}`,
      }));
      return { data: { createRunFiles: { runID: run, uploadHeaders: ['x-scripted-token:signed'], files: urls } } };
    }
    return { errors: [{ message: `unknown operation ${operationName}` }] };
  }

  /** Lines stand at their offset: sent again they replace themselves. A gap would be lost lines. */
  function stream(run: ScriptedRun, { files, complete, exitcode }: z.infer<typeof streamed>): void {
    for (const [name, { offset, content }] of Object.entries(files)) {
      if (name === 'wandb-summary.json') run.summary = content.at(-1) ?? '{}';
      if (name !== 'wandb-history.jsonl') continue;
      if (offset > run.history.length) throw new Error(`offset ${offset} after ${run.history.length} lines`);
      for (const [n, line] of content.entries()) run.history[offset + n] = line;
    }
    run.state = complete === true ? (exitcode === 0 ? 'finished' : exitcode === 255 ? 'killed' : 'failed') : 'running';
  }

  /** As a bucket's pre-signed address: a token instead of the key. */
  function store(path: string[], { method, headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const [entity, project, name, file] = path;
    const run = runs.get(keyOf(entity!, project!, name!));
    const signed = method === 'PUT' && headers['x-scripted-token'] === 'signed';
    if (signed) run?.files.set(file!, body);
    reply(response, signed && run !== undefined ? 200 : 403, {});
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: KEY,
    runs,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

const shown = (run: ScriptedRun): object => ({
  id: run.name,
  name: run.name,
  historyLineCount: run.history.length,
  summaryMetrics: run.summary,
  project: { name: run.project, entity: { name: run.entity } },
});

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
