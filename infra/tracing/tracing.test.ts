import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../tests/support/otlp-receiver.ts';
import { formatTraceParent, parseTraceParent, readHeader, spanIdOfRun, withHeader } from './carrier.ts';
import { startTracing, type Tracing, traceEnvironment } from './tracing.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
async function traced(): Promise<{ receiver: OtlpReceiver; tracing: Tracing }> {
  const receiver = await startOtlpReceiver();
  closing.push(receiver.close);
  const tracing = (await startTracing({ endpoint: `${receiver.endpoint}/`, service: 'tested', delayMs: 20 }))!;
  closing.push(tracing.close);
  return { receiver, tracing };
}
const PARENT = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), flags: '01' };

/** What Node loads for a program, by the addresses that its imports resolve to. */
async function loadedBy(program: string): Promise<string> {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const text = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ resolve(name, context, next) { const found = next(name, context); seen.push(found.url); return found; } });
    const { startTracing, traceEnvironment } = await import(${here('./tracing.ts')});
    await import(${here('./http.ts')});
    ${program}
    console.log(seen.join('\\n'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text]);
  return stdout;
}

describe('without an endpoint', () => {
  it('loads nothing, and is no trace', async () => {
    const loaded = await loadedBy(`
      const none = await startTracing({ endpoint: undefined, service: 'x' });
      if (none !== undefined || Object.keys(traceEnvironment(none, undefined)).length > 0) throw new Error('there is one');`);
    expect(loaded).toContain('tracing.ts');
    expect(loaded).not.toContain('opentelemetry');
  });

  it('is told from one with an endpoint', async () => {
    const loaded = await loadedBy(`
      const one = await startTracing({ endpoint: 'http://127.0.0.1:1', service: 'x' });
      await one.close();`);
    expect(loaded).toContain('@opentelemetry/sdk-trace');
  });
});

describe('a span', () => {
  it('hangs below the current one, whatever is waited for in between', async () => {
    const { receiver, tracing } = await traced();
    await tracing.span('outer', { attributes: { round: 2 } }, async () => {
      await new Promise((done) => setTimeout(done, 5));
      await Promise.all(['a', 'b'].map((name) => tracing.span(name, {}, async () => undefined)));
      const TRACEPARENT = formatTraceParent(tracing.current()!);
      expect(traceEnvironment(tracing, undefined)).toEqual({ TRACEPARENT });
      const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = 'http://collector:4318/v1/traces';
      for (const address of ['http://collector:4318', 'http://collector:4318/'])
        expect(traceEnvironment(tracing, address)).toEqual({ TRACEPARENT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT });
    });
    expect(tracing.current()).toBeUndefined();
    expect(traceEnvironment(tracing, receiver.endpoint)).toEqual({});
    const spans = await receiver.until((all) => all.length === 3);
    const outer = spans.find(({ name }) => name === 'outer')!;
    expect(outer).toMatchObject({ service: 'tested', parentSpanId: '', failed: false, attributes: { round: 2 } });
    for (const name of ['a', 'b'])
      expect(spans.find((span) => span.name === name)).toMatchObject({
        parentSpanId: outer.spanId,
        traceId: outer.traceId,
      });
  });

  it('fails with what it times, which is thrown unchanged, and does not tell its message', async () => {
    const { receiver, tracing } = await traced();
    const failure = new AnnealError('store.unavailable', 'a secret of the model');
    const thrown = await tracing.span('x', { parent: PARENT }, () => Promise.reject(failure)).catch((error) => error);
    expect(thrown).toBe(failure);
    const [span] = await receiver.until((all) => all.length === 1);
    expect(span).toMatchObject({ failed: true, traceId: PARENT.traceId, parentSpanId: PARENT.spanId });
    expect(JSON.stringify(span)).not.toContain('secret');
  });

  it('may have been timed elsewhere, under a known id', async () => {
    const { receiver, tracing } = await traced();
    const spanId = spanIdOfRun('01a1fdcf-7dff-76b6-8ca5-647a24a268d3');
    const startedAt = Date.now() - 60_000;
    tracing.record({ name: 'campaign', parent: PARENT, spanId, startedAt, attributes: {}, failed: false });
    await tracing.span('after', { parent: PARENT }, async () => undefined);
    const spans = await receiver.until((all) => all.length === 2);
    const run = spans.find(({ name }) => name === 'campaign')!;
    expect(run).toMatchObject({ spanId: '8ca5647a24a268d3', parentSpanId: PARENT.spanId });
    expect(run.milliseconds).toBeGreaterThan(59_000);
    expect(spans.find(({ name }) => name === 'after')!.spanId).not.toBe(spanId);
  });

  it('is not kept when whoever began the trace does not keep it', async () => {
    const { receiver, tracing } = await traced();
    await tracing.span('dropped', { parent: { ...PARENT, flags: '00' } }, async () => {
      // Handed on all the same, so that nobody below begins a trace of its own.
      expect(traceEnvironment(tracing, undefined).TRACEPARENT).toMatch(
        new RegExp(`^00-${PARENT.traceId}-[0-9a-f]{16}-00$`),
      );
    });
    await tracing.span('kept', { parent: PARENT }, async () => undefined);
    const spans = await receiver.until((all) => all.length > 0);
    expect(spans.map(({ name }) => name)).toEqual(['kept']);
  });

  it('is dropped when no collector answers, and holds nothing up', async () => {
    const tracing = (await startTracing({ endpoint: 'http://127.0.0.1:1', service: 'x', delayMs: 10 }))!;
    const began = performance.now();
    expect(await tracing.span('lost', {}, async () => 7)).toBe(7);
    expect(performance.now() - began).toBeLessThan(1_000);
    await tracing.close();
    expect(performance.now() - began).toBeLessThan(6_000);
  });
});

describe("a trace's header", () => {
  it('comes back as it went', () => {
    expect(readHeader(withHeader({}, PARENT))).toEqual(PARENT);
    expect(withHeader({}, undefined)).toEqual({});
    expect(parseTraceParent(formatTraceParent(PARENT))).toEqual(PARENT);
  });

  it.each([
    undefined,
    '',
    'x',
    `00-${'0'.repeat(32)}-${'c'.repeat(16)}-01`,
    `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
    `01-${'a'.repeat(32)}-${'c'.repeat(16)}-01`,
    `00-${'A'.repeat(32)}-${'c'.repeat(16)}-01`,
  ])('that is none is none: %s', (text) => {
    expect(parseTraceParent(text)).toBeUndefined();
  });

  it('of another form does no harm', () => {
    expect(readHeader({})).toBeUndefined();
    expect(readHeader({ '_tracer-data': { metadata: {}, data: new Uint8Array([1]) } as never })).toBeUndefined();
    expect(readHeader({ '_tracer-data': withHeader({}, PARENT)['_tracer-data']! })).toEqual(PARENT);
  });
});
