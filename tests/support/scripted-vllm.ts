// A scripted vLLM server: the endpoints of vLLM 0.24 that Anneal uses, over the model of its workers in vllm-model.ts. There is
// no model and no GPU: a token is a character code, and every sample is noted with what it was really made with. It can be
// told to fail, to hang or to die at any call.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { storeUpdateInfo, WEIGHTS_HEADER, type WeightCache } from '../../contracts/weight-update.ts';
import {
  type CompletionAnswer,
  type CompletionBody,
  closed,
  codes,
  refuse,
  type ScriptedVllm,
  type ScriptedVllmOptions,
  send,
  workOf,
} from './scripted-vllm-parts.ts';
import {
  type Content,
  callWorkers,
  change,
  contentOf,
  describeWorkers,
  learn,
  ModelRefusal,
  type ModelServer,
  type StopsAfter,
  startModelServer,
} from './vllm-model.ts';

const CHANGES = ['/start_weight_update', '/update_weights', '/finish_weight_update'];

export async function startScriptedVllm(options: ScriptedVllmOptions = {}): Promise<ScriptedVllm> {
  const ranks = options.ranks ?? 2;
  const started = (caches: readonly (WeightCache | null)[]): ModelServer => startModelServer(ranks, caches);
  let model = started(Array.from({ length: ranks }, () => options.cache ?? null));
  let server: Server = createServer();
  let port = 0;
  let life = 0;
  /** One call at a time reaches the workers. */
  let busy: Promise<unknown> = Promise.resolve();
  let waiting: (() => void)[] = [];
  const running = new Set<AbortController>();

  async function listen(): Promise<void> {
    server = createServer((request, response) => {
      answer(request, response).catch((failure: Error) => {
        if (!response.destroyed)
          send(response, 500, { error: { message: failure.message, type: 'InternalServerError' } });
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  }
  await listen();

  const scripted: ScriptedVllm = {
    url: `http://127.0.0.1:${port}`,
    get model() {
      return model;
    },
    fault: undefined,
    speeds: { completion: 0, worker: 0, restart: 50 },
    calls: [],
    samples: [],
    script: undefined,
    told: [],
    asked: [],
    async die() {
      const dead = server;
      life += 1;
      const mine = life;
      for (const one of running) one.abort();
      waiting = [];
      // What is on the node's disk outlives it; what a worker computes with does not.
      model = started(model.workers.map(({ cache }) => cache));
      await closed(dead);
      await sleep(scripted.speeds.restart);
      if (mine === life) await listen();
    },
    async close() {
      life += 1;
      for (const one of running) one.abort();
      await closed(server);
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', scripted.url);
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (pathname === '/health') return send(response, 200, undefined);
    if (pathname.startsWith('/v1/') || pathname === '/tokenize') return open(pathname, request, response, body);
    if (options.controlToken !== undefined && request.headers.authorization !== `Bearer ${options.controlToken}`) {
      return send(response, 401, { error: 'the control token is needed' });
    }
    if (options.plain === true && pathname === '/collective_rpc') {
      const message = `Method '${String(body.method)}' is not implemented.`;
      return send(response, 501, { error: { message, type: 'NotImplementedError' } });
    }
    scripted.calls.push(pathname);
    await control(pathname, searchParams, body, response);
  }

  async function control(
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): Promise<void> {
    const at = model;
    const fault = scripted.fault?.(path);
    const stops = fault === undefined || fault.kind === 'breaks' ? 'all' : fault.stops;
    let failure: Error | undefined;
    try {
      await carryOut(path, query, body, at, stops, fault?.kind === 'breaks');
    } catch (thrown) {
      if (!(thrown instanceof ModelRefusal)) throw thrown;
      failure = thrown;
    }
    if (fault?.kind === 'hangs') return;
    if (fault?.kind === 'dies') return scripted.die();
    if (at !== model) return void response.destroy();
    if (fault?.kind === 'refuses') failure ??= new Error('scripted');
    if (failure !== undefined) {
      return send(response, 500, { error: { message: failure.message, type: 'InternalServerError' } });
    }
    if (path === '/is_paused') return send(response, 200, { is_paused: at.paused });
    if (path === '/collective_rpc') {
      const told = describeWorkers(at);
      learn(at, told);
      return send(response, 200, { results: told });
    }
    send(response, 200, { message: 'done' });
  }

  async function carryOut(
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
    at: ModelServer,
    stops: StopsAfter,
    breaks: boolean,
  ): Promise<void> {
    if (path === '/is_paused') return;
    if (path === '/pause') {
      if (stops === 'none') return;
      at.paused = true;
      if (query.get('mode') === 'abort') for (const one of running) one.abort();
      await sleep(scripted.speeds.worker);
      return;
    }
    if (path === '/resume') {
      if (stops === 'none') return;
      at.paused = false;
      for (const wake of waiting.splice(0)) wake();
      return;
    }
    // From here on the workers are needed, one call after the other.
    if (CHANGES.includes(path)) change(at);
    const told = path === '/update_weights' ? storeUpdateInfo.parse(body.update_info) : undefined;
    if (told !== undefined) scripted.told.push(told);
    const turn = busy.then(async () => {
      if (scripted.speeds.worker > 0 && path !== '/collective_rpc') await sleep(scripted.speeds.worker);
      if (told !== undefined && stops !== 'none' && !breaks) await options.load?.(told);
      if (at === model) callWorkers(at, stops, workOf(path, body, breaks));
    });
    busy = turn.catch(() => undefined);
    await turn;
  }

  async function open(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: Record<string, unknown>,
  ): Promise<void> {
    const id = options.servedModel ?? 'policy';
    if (path === '/v1/models') return send(response, 200, { object: 'list', data: [{ id, object: 'model' }] });
    if (path === '/tokenize') {
      const messages = body.messages as { role: string; content: string }[];
      const tokens = codes(`${messages.map(({ role, content }) => `<${role}>${content}`).join('')}<assistant>`);
      return send(response, 200, { count: tokens.length, max_model_len: 4096, tokens });
    }
    if (path !== '/v1/completions') return send(response, 404, { detail: 'Not Found' });
    const asked = body as unknown as CompletionBody;
    scripted.asked.push(asked);
    if (asked.model !== id) {
      const message = `The model \`${asked.model}\` does not exist.`;
      return send(response, 404, { error: { message, type: 'NotFoundError', code: 404 } });
    }
    const wanted = String(request.headers[WEIGHTS_HEADER] ?? '');
    const at = model;
    const { guard, changes } = at;
    if (options.plain !== true && wanted === '') return send(response, 428, { error: 'name the weights' });
    if (options.plain !== true && wanted !== guard) return refuse(response, guard);
    const gone = new AbortController();
    running.add(gone);
    response.on('close', () => gone.abort());
    const contents: Content[] = [];
    const stop = gone.signal;
    if (at.paused) await new Promise<void>((resolve) => waiting.push(resolve));
    contents.push(contentOf(at));
    await sleep(scripted.speeds.completion, undefined, { signal: stop }).catch(() => undefined);
    contents.push(contentOf(at));
    running.delete(gone);
    const finish = stop.aborted ? 'abort' : 'stop';
    // Its weights may have changed while the request was waiting in the paused server's queue.
    const changed = options.plain !== true && (at.changes !== changes || at.guard !== wanted);
    const status = changed ? 409 : 200;
    scripted.samples.push({ asked: wanted, contents, status, finish });
    if (response.destroyed || at !== model) return void response.destroy();
    if (changed) return refuse(response, at.guard);
    if (options.plain !== true && guard !== null) response.setHeader(WEIGHTS_HEADER, guard);
    send(response, 200, complete(asked, id, finish));
  }

  function complete(asked: CompletionBody, id: string, finish: string): CompletionAnswer {
    const text = finish === 'abort' ? '' : `reply ${scripted.asked.length}`.slice(0, asked.max_tokens);
    const ids = codes(text);
    const made: CompletionAnswer = {
      model: id,
      choices: [
        {
          ...{ index: 0, text, finish_reason: finish === 'stop' && ids.length >= asked.max_tokens ? 'length' : finish },
          token_ids: asked.return_token_ids === true ? ids : null,
          prompt_token_ids: asked.return_token_ids === true ? asked.prompt : null,
          logprobs:
            asked.logprobs === undefined
              ? null
              : { tokens: ids.map((token) => `token_id:${token}`), token_logprobs: ids.map((token) => -token / 100) },
          routed_experts: null,
        },
      ],
    };
    scripted.script?.(made, asked);
    return made;
  }

  return scripted;
}
