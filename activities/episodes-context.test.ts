// What Anneal's own loop does with its contexts, as the gateway keeps it: each operation once, on the line of the agent that did it, and with
// the reason of the break that it makes. An attempt that dies leaves its own, and they count for nothing.
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type ToolLoop, toolLoop } from '../contracts/harness.ts';
import { type ContextOperation, contextOperation, MOST_OPERATIONS } from '../contracts/session.ts';
import { mintCredential } from '../infra/gateway-client/credential.ts';
import { historyOf } from '../policies/history.ts';
import { claims, rollout, SECRET } from '../tests/support/gateway.ts';
import { toolCall as call, useEpisodes } from '../tests/support/use-episodes.ts';
import { useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);

async function operations(): Promise<ContextOperation[]> {
  const headers = { authorization: `Bearer ${mintCredential(claims(), SECRET)}` };
  const text = await fetch(`${used.gateway.url}/v1/anneal/context`, { headers }).then((response) => response.text());
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => contextOperation.parse(JSON.parse(line)));
}

const open = (settings: Partial<Record<keyof ToolLoop, unknown>>, gatewayUrl = used.gateway.url) =>
  episodes.open({ gatewayUrl, harness: { kind: 'tool-loop', loop: toolLoop.parse(settings) } });

const AT_ONCE = 100;

/** Puts so many operations on the rollout's record, as its first attempt would. */
async function doneMore(count: number): Promise<void> {
  const headers = { authorization: `Bearer ${mintCredential(claims(), SECRET)}` };
  const one = async (number: number): Promise<void> => {
    const body = JSON.stringify({ key: `more-${number}`, kind: 'note' });
    const { status } = await fetch(`${used.gateway.url}/v1/anneal/context`, { method: 'POST', headers, body });
    expect(status).toBe(201);
  };
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => one(from + at)));
}

/** Writes a note, gives some away, works until its conversation is too long twice over, and submits. */
function works(): void {
  const long = 'x'.repeat(900);
  used.upstream.says = ({ messages }, number) => {
    const said = messages.at(-1)!.content;
    if (said.startsWith('The conversation has become long')) return 'I looked at the orders.';
    if (messages[1]!.content.startsWith('Count')) return call('submit', { summary: '3 pears' });
    if (messages.length === 2 && !messages[1]!.content.includes('What was done'))
      return call('take_note', { text: 'pears: 3' });
    if (messages.length === 4) return call('delegate', { task: 'Count the pears.' });
    return number < 14 ? call('shell', { command: `echo ${number} ${long}` }) : call('submit', {});
  };
}
const SETTINGS = { contextTokens: 5_500, maxTokens: 100_000 };

test('each operation is on the rollout’s record at the gateway, and the reason of the break that it makes', async () => {
  works();
  const made = await open(SETTINGS);
  const [{ episode }, kept] = [await episodes.played(made), await operations()];
  const kinds = kept.map(({ kind }) => kind);
  expect(kinds.slice(0, 3)).toEqual(['note', 'sub-agent-start', 'sub-agent-end']);
  expect(kinds).toContain('truncate');
  expect(kinds).toContain('summarise');
  // One book: the episode says of each of its own which record of the gateway it is, and the gateway has no others.
  expect(episode.actions.flatMap(({ operations = [] }) => operations).sort()).toEqual(kept.map(({ id }) => id).sort());
  for (const { kind, operations = [] } of episode.actions)
    for (const id of operations)
      expect(kept.find((one) => one.id === id)!.kind).toMatch(kind === 'delegate' ? /^sub-agent/ : kind);
  expect(kept.find(({ kind }) => kind === 'summarise')!.note).toContain('I looked at the orders.');
  expect(kept.find(({ kind }) => kind === 'note')).toMatchObject({
    note: 'pears: 3',
    completions: [`${rollout(0)}/c0`],
  });

  const records = await used.records();
  expect(new Set(records.map(({ turn }) => turn!.session!.agent))).toEqual(new Set([undefined, 'main.1']));
  const { classified } = historyOf(records, kept);
  const why = new Map(
    classified.map((one) => [one.id, one.kind === 'root' ? 'root' : `${one.reason} ${one.evidence}`]),
  );
  for (const { kind, next } of kept.filter((one) => one.kind === 'truncate' || one.kind === 'summarise'))
    expect([kind, why.get(records.find(({ index }) => index === next)!.id)]).toEqual([kind, 'compaction registered']);
  expect(why.get(records.find(({ turn }) => turn!.session!.agent === 'main.1')!.id)).toBe('sub-agent registered');
  // What was not registered is told by the messages: that the question for a summary leaves from an earlier point.
  expect([...why.values()].filter((one) => one.endsWith('seen'))).not.toContain('compaction seen');
});

test('an attempt that dies leaves its operations once, under its own number, and the next one’s are others', async () => {
  works();
  const says = used.upstream.says!;
  // The first attempt is cancelled while it waits for the summary's successor.
  const died = new AbortController();
  let summaries = 0;
  used.upstream.says = (body, number) => {
    if (body.messages[1]!.content.includes('What was done so far') && summaries === 0) {
      summaries += 1;
      died.abort(new Error('the worker died'));
      return new Promise<string>(() => undefined);
    }
    return says(body, number % 20);
  };
  const first = await open(SETTINGS);
  await expect(episodes.generate(first, 0, died.signal)).rejects.toThrow();
  const left = await operations();
  expect(left.map(({ session }) => session.attempt)).toEqual(left.map(() => 0));
  expect(left.map(({ kind }) => kind)).toContain('summarise');

  const next = await open(SETTINGS);
  const [{ episode }, kept] = [await episodes.played(next), await operations()];
  expect(kept.slice(0, left.length)).toEqual(left);
  const own = kept.slice(left.length);
  expect(own.map(({ session }) => session.attempt)).toEqual(own.map(() => 1));
  expect(episode.actions.flatMap(({ operations = [] }) => operations).sort()).toEqual(own.map(({ id }) => id).sort());
  // Merging explains nothing of an attempt by what another one did, and each begins with a root of its own.
  const { classified } = historyOf(await used.records(), kept);
  expect(classified.filter(({ kind }) => kind === 'root')).toHaveLength(2);
  const { classified: counting } = historyOf(
    (await used.records()).filter(({ id }) => episode.completions.includes(id)),
    kept,
  );
  expect(
    counting.filter((one) => one.kind !== 'root' && one.evidence === 'registered' && one.reason === 'compaction'),
  ).toHaveLength(own.filter(({ kind }) => kind === 'truncate' || kind === 'summarise').length);
  // Played again, it is on record: nothing is asked, nothing is told.
  await episodes.generate(next);
  expect(await operations()).toEqual(kept);
});

test('what is sent twice because its answer was lost is one operation', async () => {
  works();
  let lost = 0;
  const between = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, headers, url } = request;
      const onward = ask(`${used.gateway.url}${url}`, { method, headers }, (answer) => {
        if (url!.endsWith('/anneal/context') && lost < 20 && answer.statusCode === 201) {
          lost += 1;
          answer.resume();
          answer.on('end', () => request.socket.destroy());
          return;
        }
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  used.defer(() => void between.close());
  const made = await open(SETTINGS, `http://127.0.0.1:${(between.address() as AddressInfo).port}`);
  const [{ episode }, kept] = [await episodes.played(made), await operations()];
  expect(lost).toBe(kept.length);
  expect(new Set(kept.map(({ key }) => key)).size).toBe(kept.length);
  expect(episode.actions.flatMap(({ operations = [] }) => operations)).toHaveLength(kept.length);
});

test('a tool that is loaded as the server’s own changes what stands before everything, and is registered', async () => {
  const registry = [{ name: 'sum_units', description: 'Adds up a column.', command: ['true'] }];
  const native = (name: string, args: object) => ({ content: '', calls: [{ name, arguments: JSON.stringify(args) }] });
  used.upstream.says = (_, number) =>
    number % 2 === 1 ? native('find_tools', { query: 'adds a column' }) : native('submit', {});
  const made = await open({ registry, calls: 'native' });
  await episodes.generate(made);
  expect(await operations()).toMatchObject([{ kind: 'rewrite', note: expect.stringContaining('sum_units'), next: 1 }]);
});

test('an agent that does more to its contexts than is recorded ends by that, and what it left is judged', async () => {
  used.upstream.says = (_, number) =>
    number === 1
      ? call('write_file', { path: 'answer.json', content: '{"units": 3}' })
      : call('take_note', { text: `note ${number}` });
  await doneMore(MOST_OPERATIONS - 1);
  const made = await episodes.open({ timeoutMs: 110_000, harness: { kind: 'tool-loop' } });
  const { trajectory, episode } = await episodes.played(made);
  expect(episode).toMatchObject({ end: 'operations', requests: 3, actions: [{ kind: 'note', detail: 'note 2' }] });
  expect(episode.completions).toHaveLength(3);
  expect(trajectory).toMatchObject({ outcome: 'success', completions: episode.completions });
  expect(await operations()).toHaveLength(MOST_OPERATIONS);
});

test('what an attempt did that died is not taken from the next one', async () => {
  used.upstream.says = (_, number) => {
    if (number === 1) return call('take_note', { text: 'pears: 3' });
    if (number === 2) throw new Error('out of memory');
    return number === 3 ? call('take_note', { text: 'once more' }) : call('submit', {});
  };
  const made = await open({});
  await expect(episodes.generate(made)).rejects.toMatchObject({ code: 'gateway.upstream_failed' });
  await doneMore(MOST_OPERATIONS - 1);
  const { episode } = await episodes.played(made);
  expect(episode).toMatchObject({ end: 'submitted', actions: [{ kind: 'note', detail: 'once more' }] });
});
