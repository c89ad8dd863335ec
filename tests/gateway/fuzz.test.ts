// More than ten thousand requests that nobody should send: none crashes the gateway, none is answered with a failure that is not declared,
// none shows what is not the asker's, and afterwards the gateway serves as before. ANNEAL_FUZZ_BATCHES for more of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { Pool } from 'undici';
import { expect, test } from 'vitest';
import { campaignName, makeRolloutId } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, rollout, SECRET, temporaryFolder } from '../support/gateway.ts';
import { type KeyName, type Keys, type Malformed, malformed, unframed } from '../support/malformed.ts';
import { type ProviderRequest, startScriptedProvider, streamOf, whole } from '../support/scripted-provider.ts';
import { tellFigures } from '../support/told-figures.ts';

const BATCHES = Number(process.env.ANNEAL_FUZZ_BATCHES ?? 100);
const PER_BATCH = 90;
const SOCKETS = 12 * BATCHES;
const SOCKETS_AT_ONCE = 60;
/** For an answer to what may wait for more. */
const QUIET_MS = 60;

const PROVIDER_KEY = 'sk-that-nobody-may-see';
const OWN = 'only the owner may read this';

const FOREIGN = campaignName.parse('other');
const foreign = {
  campaign: FOREIGN,
  rollout: makeRolloutId({ campaign: FOREIGN, round: 1, purpose: 'train', policyVersion: 0, group: 0, sample: 0 }),
};
const keys: Keys = {
  own: mintCredential(claims(), SECRET),
  other: mintCredential(claims({ rollout: rollout(10) }), SECRET),
  pool: mintCredential(claims({ scope: 'pool' }), SECRET),
  foreign: mintCredential(claims({ ...foreign, scope: 'pool' }), SECRET),
  expired: mintCredential(claims({ expires: 1 }), SECRET),
};
/** Who may read what the owner has said. */
const MAY_READ: ReadonlySet<KeyName> = new Set(['own', 'pool']);
/** 503 is said when too much is asked at a time. */
const DECLARED = new Set([503]);

function say({ path, body }: ProviderRequest): { readonly chunks: readonly string[] } {
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const legacy = { id: 'c', object: 'text_completion', created: 1, model: 'scripted', usage };
  const choices = [{ index: 0, text: 'Yes', finish_reason: 'stop', logprobs: null }];
  if (path.endsWith('/v1/completions')) {
    const text = JSON.stringify({ ...legacy, choices });
    return { chunks: body.stream === true ? [`data: ${text}\n\n`, 'data: [DONE]\n\n'] : [text] };
  }
  return { chunks: body.stream === true ? streamOf([{ content: 'Yes' }], 'stop', body) : [whole({ content: 'Yes' })] };
}

test('survives, says nothing that it should not, and goes on', { timeout: 600_000 }, async ({ task }) => {
  await using stack = new AsyncDisposableStack();
  const provider = await startScriptedProvider();
  stack.defer(() => provider.close());
  provider.script = say;
  const dir = stack.use(await temporaryFolder()).path;
  const providers = { [POLICY]: { kind: 'openai', url: provider.url, model: 'scripted', key: PROVIDER_KEY } };
  const settings = JSON.stringify({ dir, controlUrl: provider.url, providers });
  const child = spawn(process.execPath, ['tests/support/gateway-process.ts', settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk).slice(-100_000);
  });
  const gone = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const url = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value as string;
  const pool = new Pool(url, { connections: 48, pipelining: 1 });
  stack.defer(() => pool.destroy());
  const started = performance.now();

  async function send({ method, path, headers, body }: Omit<Malformed, 'key'>): Promise<[number, string]> {
    try {
      const answer = await pool.request({ method, path, headers, body: body ?? null } as Parameters<
        Pool['request']
      >[0]);
      return [answer.statusCode, await answer.body.text()];
    } catch (failure) {
      const { code = '' } = failure as NodeJS.ErrnoException;
      // What the client refuses to send is no request; what was refused half-read has its connection closed.
      if (code === 'UND_ERR_INVALID_ARG') return [0, ''];
      if (['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(code)) return [-1, ''];
      throw failure;
    }
  }
  const ask = (content: string, more: object = {}) =>
    send({
      ...{ method: 'POST', path: '/v1/chat/completions', headers: { authorization: `Bearer ${keys.own}` } },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...more }),
    });
  const residentMiB = async (): Promise<number> => {
    const [, text] = await send({ method: 'GET', path: '/metrics', headers: {} });
    return (JSON.parse(text) as { residentBytes: number }).residentBytes / 2 ** 20;
  };
  const never = [SECRET.toString(), PROVIDER_KEY, dir, process.cwd(), 'node:internal', ...Object.values(keys)];
  const shown = (text: string): string | undefined => never.find((one) => text.includes(one));

  expect((await ask(OWN))[0]).toBe(200);
  await send({
    ...{ method: 'POST', path: '/v1/anneal/context', headers: { authorization: `Bearer ${keys.own}` } },
    body: JSON.stringify({ key: 'own', kind: 'note', note: OWN }),
  });
  // Too large, before anything else: what they need is needed once.
  const large = Buffer.alloc(65 << 20, 0x20);
  expect([400, 413, -1]).toContain((await ask('x'.repeat(65 << 20)))[0]);
  for (const path of ['/v1/messages', '/pool/trajectories', '/v1/anneal/context']) {
    const headers = { authorization: `Bearer ${path.startsWith('/pool') ? keys.pool : keys.own}` };
    expect([path, [400, 413, -1].includes((await send({ method: 'POST', path, headers, body: large }))[0])]).toEqual([
      path,
      true,
    ]);
  }
  const before = await residentMiB();

  const statuses: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(malformed(keys), { minLength: PER_BATCH, maxLength: PER_BATCH }), async (batch) => {
      const answers = await Promise.all(batch.map(send));
      for (const [at, [status, text]] of answers.entries()) {
        const { key, method, path } = batch[at]!;
        statuses[status] = (statuses[status] ?? 0) + 1;
        expect([method, path, status >= 500 && !DECLARED.has(status) ? `${status} ${text}` : 'fine']).toEqual([
          ...[method, path, 'fine'],
        ]);
        expect(shown(text)).toBeUndefined();
        if (!MAY_READ.has(key)) expect([key, path, text.includes(OWN)]).toEqual([key, path, false]);
        if (key === 'none' || key === 'expired' || key === 'altered') {
          const open = /\/(health|metrics)(\?|$)/.test(path);
          expect([key, path, open || status >= 400 || status < 100]).toEqual([key, path, true]);
        }
      }
    }),
    { numRuns: BATCHES, endOnFailure: true },
  );

  async function raw(text: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    // However it ends: a reset is an answer too.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(text, 'latin1');
    await closed;
    return answer;
  }
  const sockets = fc.sample(unframed(keys.own), SOCKETS);
  for (let from = 0; from < sockets.length; from += SOCKETS_AT_ONCE) {
    const some = sockets.slice(from, from + SOCKETS_AT_ONCE);
    for (const [at, answer] of (await Promise.all(some.map(raw))).entries()) {
      expect([some[at], /^HTTP\/1\.1 5/.test(answer), shown(answer), answer.includes(OWN)]).toEqual([
        ...[some[at], false, undefined, false],
      ]);
    }
  }

  const seconds = (performance.now() - started) / 1000;
  const grown = (await residentMiB()) - before;
  // What the client itself refused to send was none.
  const sent = Object.entries(statuses).reduce((sum, [status, count]) => sum + (status === '0' ? 0 : count), SOCKETS);
  tellFigures(task, { requests: sent, crashes: child.exitCode === null ? 0 : 1 });
  console.log(`${seconds.toFixed(1)} s, ${grown.toFixed(0)} MiB more, statuses ${JSON.stringify(statuses)}`);
  expect(child.exitCode).toBeNull();
  expect(log).not.toMatch(/internal\.bug|TypeError|at .*\.ts:\d+/);
  expect(shown(log.replaceAll(dir, ''))).toBeUndefined();
  expect(grown).toBeLessThan(400);
  expect((await ask('still there?'))[0]).toBe(200);
  expect((await ask('still there?', { stream: true }))[1]).toContain('[DONE]');

  // Nothing was written where it does not belong, or under a name that was made up.
  expect((await readdir(dir)).sort()).toEqual(['completions', 'lock', 'operations', 'trajectories']);
  const records: CompletionRecord[] = await createGatewayClient({ url, secret: SECRET }).completions('demo/');
  expect(new Set(records.map((one) => one.rollout))).toEqual(new Set([rollout(0), rollout(10)]));
  expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
});
