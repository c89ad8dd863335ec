// Where traces arrive in tests: a scripted receiver of OTLP over HTTP, which decodes what OpenTelemetry's published schema says,
// and the real collector before it where that was built (k8s/testbed/binaries.ts builds `otelcol`).
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import protobuf from 'protobufjs';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import { freePort } from './temporal-server.ts';

export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it begins a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly milliseconds: number;
}

export interface OtlpReceiver {
  /** What ANNEAL_OTLP_ENDPOINT would be. */
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** Waits until `enough` says so. */
  until(enough: (spans: readonly ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
}

/** The part of opentelemetry/proto/{collector/trace,trace,common,resource}/v1 that is looked at, by its field numbers. */
const SCHEMA = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`;

interface Value {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
}
interface Pair {
  key: string;
  value?: Value;
}
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Pair[];
  status?: { code?: number };
}
interface WireRequest {
  resourceSpans?: { resource?: { attributes?: Pair[] }; scopeSpans?: { spans?: WireSpan[] }[] }[];
}

/** @param host pods reach this machine by an address of their own network, not by loopback */
export async function startOtlpReceiver(host = '127.0.0.1'): Promise<OtlpReceiver> {
  const request = protobuf.parse(SCHEMA).root.lookupType('Request');
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const json = incoming.headers['content-type'] === 'application/json';
    const decoded = json
      ? (JSON.parse(body.toString('utf8')) as WireRequest)
      : hexIds(request.toObject(request.decode(body), { longs: String, bytes: Array }) as WireRequest);
    if (incoming.url === '/v1/traces') spans.push(...read(decoded));
    response.writeHead(incoming.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return {
    endpoint: `http://${host}:${(server.address() as AddressInfo).port}`,
    spans,
    async until(enough) {
      for (let tries = 0; !enough(spans); tries += 1) {
        if (tries > 600) throw new Error(`the spans did not come: ${spans.map((span) => span.name).join(', ')}`);
        await sleep(50);
      }
      return spans;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

export const collectorBinary = (): string | undefined => cachedBinary('otelcol');

/** The real collector, which passes everything on to a receiver of ours. */
export async function startCollector(): Promise<OtlpReceiver> {
  const behind = await startOtlpReceiver();
  const folder = await mkdtemp(join(tmpdir(), 'anneal-otelcol-'));
  const port = await freePort();
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlphttp: { endpoint: behind.endpoint, encoding: 'json', compression: 'none' } },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
    },
  };
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(collectorBinary()!, ['--config', join(folder, 'config.yaml')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const close = async (): Promise<void> => {
    process.off('exit', kill);
    const gone = child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined;
    kill();
    await gone;
    await behind.close();
    await rm(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await listens(port)); tries += 1) {
    if (tries > 300 || child.exitCode !== null) {
      await close();
      throw new Error('the collector does not start');
    }
    await sleep(100);
  }
  return { ...behind, endpoint: `http://127.0.0.1:${port}`, close };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });

function read({ resourceSpans = [] }: WireRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = String(valuesOf(resource?.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        ...{ service, traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? '' },
        ...{ name: span.name, failed: span.status?.code === 2, attributes: valuesOf(span.attributes) },
        milliseconds: Number((BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1_000n) / 1_000,
      })),
    );
  });
}

const valuesOf = (pairs: readonly Pair[] = []): Record<string, string | number> =>
  Object.fromEntries(
    pairs.map(({ key, value = {} }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue ?? NaN)]),
  );

/** In protobuf ids are bytes, in OTLP's JSON hexadecimal. */
function hexIds(decoded: WireRequest): WireRequest {
  const hex = (id: unknown): string => Buffer.from((id ?? []) as number[]).toString('hex');
  for (const { scopeSpans = [] } of decoded.resourceSpans ?? [])
    for (const { spans = [] } of scopeSpans)
      for (const span of spans)
        Object.assign(span, {
          traceId: hex(span.traceId),
          spanId: hex(span.spanId),
          parentSpanId: hex(span.parentSpanId),
        });
  return decoded;
}
