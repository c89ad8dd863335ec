// A scripted vLLM server: the endpoints of vLLM 0.24 that Anneal uses, over the model of its workers in vllm-model.ts. There is
// no model and no GPU: a token is a character code, and every sample is noted with what it was really made with. It can be
// told to fail, to hang or to die at any call. Like vLLM it knows no versions: it answers with whatever weights it has, mixed ones
// too. What refuses is the guard before it, which is the image's own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  storeInitInfo,
  storeUpdateInfo,
  WEIGHTS_HEADER,
  type WeightCache,
  type WeightTag,
} from '../../contracts/weight-update.ts';
import { openGuardDoor } from './guard-door.ts';
import {
  type CompletionAnswer,
  type CompletionBody,
  closed,
  codes,
  type ScriptedVllm,
  type ScriptedVllmOptions,
  send,
  workOf,
} from './scripted-vllm-parts.ts';
import {
  callWorkers,
  contentOf,
  describeWorkers,
  ModelRefusal,
  type ModelServer,
  type StopsAfter,
  servingOf,
  startModelServer,
} from './vllm-model.ts';
import { type Entry, openTranscript } from './vllm-transcript.ts';

/** Of all servers of this process. */
let samplesMade = 0;

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
  /** Paused with `keep`: what is in flight goes on after the resumption. */
  let keeping = false;
  const running = new Map<AbortController, Promise<void>>();
  const transcript = options.transcript ?? openTranscript();

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
  const door =
    options.plain === true
      ? undefined
      : await openGuardDoor(port, options.controlToken ?? '', (given) => transcript.answered(url, given));
  const url = `http://127.0.0.1:${door?.port ?? port}`;
  const note = (entry: Entry): void => transcript.note(entry);

  const scripted: ScriptedVllm = {
    url,
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
      note({ what: 'died', server: url });
      for (const one of running.keys()) one.abort();
      waiting = [];
      // What is on the node's disk outlives it; what a worker computes with does not.
      model = started(model.workers.map(({ cache }) => cache));
      await Promise.all([closed(dead), door?.shut()]);
      await sleep(scripted.speeds.restart);
      if (mine !== life) return;
      await listen();
      await door?.reopen();
    },
    async close() {
      life += 1;
      for (const one of running.keys()) one.abort();
      await Promise.all([closed(server), door?.shut()]);
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', scripted.url);
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (pathname === '/health') return send(response, 200, undefined);
    if (pathname.startsWith('/v1/') || pathname === '/tokenize') return open(pathname, request, response, body);
    if (options.plain === true && pathname === '/collective_rpc') {
      const message = `Method '${String(body.method)}' is not implemented.`;
      return send(response, 501, { error: { message, type: 'NotImplementedError' } });
    }
    scripted.calls.push(pathname);
    note({ what: 'called', server: url, path: pathname, ...aim(pathname, body) });
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
    if (fault?.kind === 'hangs') {
      // Nobody but the guard hears of it.
      response.setHeader('x-scripted-lost', '1');
      return send(response, 200, {});
    }
    if (fault?.kind === 'dies') return scripted.die();
    if (at !== model) return void response.destroy();
    if (fault?.kind === 'refuses') failure ??= new Error('scripted');
    if (failure !== undefined) {
      return send(response, 500, { error: { message: failure.message, type: 'InternalServerError' } });
    }
    if (path === '/is_paused') return send(response, 200, { is_paused: at.paused });
    if (path === '/collective_rpc') {
      const told = describeWorkers(at);
      note({ what: 'told', server: url, serving: servingOf(told) });
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
      const mode = query.get('mode') ?? 'abort';
      if (mode === 'abort') for (const one of running.keys()) one.abort();
      keeping = mode === 'keep';
      if (mode === 'wait') await Promise.all(running.values());
      note({ what: 'paused', server: url });
      await sleep(scripted.speeds.worker);
      return;
    }
    if (path === '/resume') {
      if (stops === 'none') return;
      at.paused = false;
      note({ what: 'resumed', server: url });
      for (const wake of waiting.splice(0)) wake();
      return;
    }
    // From here on the workers are needed, one call after the other.
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
    const gone = new AbortController();
    const ended = Promise.withResolvers<void>();
    running.set(gone, ended.promise);
    response.on('close', () => gone.abort());
    const wanted = String(request.headers[WEIGHTS_HEADER] ?? '');
    const sample = `cmpl-${++samplesMade}`;
    const at = model;
    const waited = at.paused;
    const resumed = () => new Promise<void>((resolve) => waiting.push(resolve));
    // What waits in the queue is not in flight.
    if (waited) running.delete(gone);
    if (at.paused) await resumed();
    running.set(gone, ended.promise);
    note({ what: 'began', server: url, sample });
    const first = contentOf(at);
    await sleep(scripted.speeds.completion, undefined, { signal: gone.signal }).catch(() => undefined);
    if (at.paused && keeping && !gone.signal.aborted) await resumed();
    const finish = gone.signal.aborted ? 'abort' : 'stop';
    const contents = [first, contentOf(at)] as const;
    const noted = { server: url, sample, asked: wanted, contents, waited, whilePaused: at.paused, finish };
    running.delete(gone);
    ended.resolve();
    scripted.samples.push(noted);
    note({ what: 'sampled', ...noted });
    if (response.destroyed || at !== model) return void response.destroy();
    response.setHeader('x-request-id', sample);
    send(response, 200, complete(asked, id, finish, sample));
  }

  function complete(asked: CompletionBody, model: string, finish: string, id: string): CompletionAnswer {
    const text = finish === 'abort' ? '' : `reply ${scripted.asked.length}`.slice(0, asked.max_tokens);
    const ids = codes(text);
    const made: CompletionAnswer = {
      ...{ id, model },
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

/** What a call says of its update. */
function aim(path: string, body: Record<string, unknown>): { fence?: number; tag?: WeightTag } {
  if (path === '/init_weight_transfer_engine') return { fence: storeInitInfo.parse(body.init_info).fence };
  if (path !== '/update_weights') return {};
  const { fence, tag } = storeUpdateInfo.parse(body.update_info);
  return { fence, tag };
}
