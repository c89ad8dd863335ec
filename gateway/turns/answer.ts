// One turn from its request to its answer: the server is asked, the client sees what comes as it comes, and the end of it only when
// its record is on disk.
import type { ServerResponse } from 'node:http';
import { asAnnealError } from '../../contracts/errors.ts';
import { LOOP_HEADER } from '../../contracts/session.ts';
import { statusOf } from '../http.ts';
import { DIALECTS, type Dialect } from '../wire/dialects.ts';
import { createCollector, eventsOf } from '../wire/events.ts';
import { frame } from '../wire/sse.ts';
import type { TurnEvent } from '../wire/turn.ts';
import type { Failure } from '../wire/upstream/failure.ts';
import type { Piece, StreamReader } from '../wire/upstream/read.ts';
import { toChatUpstream, type UpstreamCall } from '../wire/upstream/request.ts';
import { type Asked, askTurn } from './ask.ts';
import { givenUp, type OpenTurn, type Turn } from './capture.ts';
import { outcomeOf, type Told } from './outcome.ts';
import { promptIdsOf } from './prompt.ts';
import { createRelay } from './relay.ts';
import { createReply, hashOf, type Reply } from './reply.ts';
import type { TurnServer } from './server.ts';
import type { Flow, Transport } from './transport.ts';

/** A client that streams is told so often that the answer is still on its way. */
const WAITING_MS = 10_000;

export interface Answering {
  readonly transport: Transport;
  readonly server: TurnServer;
  readonly open: OpenTurn;
  readonly dialect: Turn['dialect'];
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** @throws ConnectionFailure where the server did not answer: then nothing has been sent or recorded, and another server may be asked. */
export async function answerTurn(answering: Answering): Promise<void> {
  const { transport, server, open, response, signal } = answering;
  const dialect: Dialect = DIALECTS[answering.dialect];
  const { request } = open;
  const call = toChatUpstream(request, server.upstream);
  const reply = createReply(response, dialect, {
    'x-anneal-completion': open.id,
    ...(open.loop === undefined ? {} : { [LOOP_HEADER]: JSON.stringify(open.loop) }),
  });
  const stream = createStream(answering, call, dialect, reply, response);
  const reading = {
    logprobs: request.logprobs !== undefined,
    ...{ id: `chatcmpl-${open.id.replaceAll('/', '-')}`, model: request.model, created: Math.floor(Date.now() / 1000) },
  };
  const waiting = request.stream && !call.streamed ? setInterval(reply.wait, WAITING_MS) : undefined;
  // Beside the answer: it takes no longer for that. What goes wrong with it makes the record text-only.
  const ids =
    server.upstream.tokens && server.upstream.kind === 'llamacpp'
      ? promptIdsOf(transport, server, request, signal).catch(() => undefined)
      : undefined;
  let asked: Asked;
  try {
    asked = await askTurn(transport, { server, call, reading, signal, onPieces: stream.take });
  } catch (failure) {
    if (!signal.aborted) throw failure;
    asked = { how: 'failed', failure: failureOf(signal.reason), end: givenUp(signal) };
  } finally {
    clearInterval(waiting);
  }
  const told = { server, call, promptIds: await ids, tokens: undefined, absurdUsage: false };
  if (asked.how === 'streamed') return stream.end(asked, told);
  if (asked.how === 'failed') {
    const failure = signal.aborted ? failureOf(signal.reason) : asked.failure;
    const answer = { model: request.model, content: [] };
    await open.close(
      outcomeOf({
        ...told,
        end: signal.aborted ? givenUp(signal) : asked.end,
        answer,
        failure: blame(signal, failure),
      }),
    );
    return reply.fail(failure, () => stream.failed(failure), asked.retryAfter);
  }
  const { answer, tokens, absurdUsage } = asked;
  const whole = { ...told, end: 'whole' as const, answer, tokens, absurdUsage };
  if (request.stream) return stream.whole([...eventsOf(answer)], whole);
  const relayed = createRelay(answering.dialect, server, call, request) !== undefined;
  const text = relayed ? asked.text : JSON.stringify(dialect.renderAnswer(answer, request));
  await record(open, reply, dialect, { ...whole, sent: hashOf(text) }, () => reply.whole(text));
}

/** The record, and when it is durable what the client is waiting for. */
async function record(open: OpenTurn, reply: Reply, dialect: Dialect, told: Told, then: () => void): Promise<void> {
  try {
    await open.close(outcomeOf(told));
  } catch (failure) {
    const told = failureOf(failure);
    return reply.fail(told, () => dialect.createEncoder(open.request).push(told).join(''));
  }
  then();
}

interface Stream {
  take(pieces: readonly Piece[], reader: StreamReader, flow: Flow): void;
  end(asked: Extract<Asked, { how: 'streamed' }>, told: Omit<Told, 'end' | 'answer'>): Promise<void>;
  /** An answer that did not come as a stream. */
  whole(events: readonly TurnEvent[], told: Told): Promise<void>;
  /** Frames that tell of a failure. */
  failed(failure: Failure): string;
}

function createStream(
  { open, server, dialect: name, signal }: Answering,
  call: UpstreamCall,
  dialect: Dialect,
  reply: Reply,
  response: ServerResponse,
): Stream {
  const { request } = open;
  const encoder = dialect.createEncoder(request);
  const collector = createCollector();
  const relay = createRelay(name, server, call, request);
  let held = '';
  let broken: Failure | undefined;

  function encode(events: readonly TurnEvent[]): string {
    let frames = '';
    for (const event of events) {
      collector.push(event);
      if (event.type === 'error') broken = event;
      else if (relay === undefined) for (const one of encoder.push(event)) frames += one;
    }
    return frames;
  }

  return {
    take(pieces, reader, flow) {
      let frames = '';
      for (const piece of pieces) {
        const written = encode(piece.events);
        // Told when its record is on disk: by a status where nothing has been sent yet.
        if (broken !== undefined) held = '';
        else if (relay === undefined) frames += written;
        else if (reader.finished || held !== '') held += relay(piece) ?? '';
        else frames += relay(piece) ?? '';
      }
      if (!reply.write(frames)) {
        flow.pause();
        response.once('drain', flow.resume);
      }
    },
    async end({ last, report, end }, told) {
      const tail = encode(last);
      const { tokens, absurdUsage } = report;
      const whole = { ...told, tokens, absurdUsage, answer: collector.answer() };
      const failure = signal.aborted ? failureOf(signal.reason) : broken;
      if (failure !== undefined) {
        await open.close(
          outcomeOf({ ...whole, end: signal.aborted ? givenUp(signal) : end, failure: blame(signal, failure) }),
        );
        return reply.fail(failure, () => encoder.push(failure).join(''));
      }
      const done = end === 'done' ? frame('[DONE]') : '';
      const rest = relay === undefined ? tail + encoder.end().join('') : held + done;
      await record(open, reply, dialect, { ...whole, end, sent: reply.seal(rest) }, () => reply.end(rest));
    },
    async whole(events, told) {
      const frames = encode(events) + encoder.end().join('');
      await record(open, reply, dialect, { ...told, sent: reply.seal(frames) }, () => reply.end(frames));
    },
    failed: (failure) => encoder.push(failure).join(''),
  };
}

function failureOf(reason: unknown): Failure {
  const error = asAnnealError(reason);
  return { type: 'error', error, status: statusOf(error.code) };
}

/** A turn that is given up is nobody's failure. */
const blame = (signal: AbortSignal, { error }: Failure): NonNullable<Told['failure']> =>
  signal.aborted ? { how: 'aborted', error } : { how: 'error', error };
