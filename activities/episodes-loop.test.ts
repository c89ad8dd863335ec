// Anneal's own loop as a campaign's harness: real tools in a real sandbox before a real gateway, and a model by script.
import { expect, test } from 'vitest';
import type { EpisodeTranscript } from '../contracts/episode.ts';
import { type ToolLoop, toolLoop } from '../contracts/harness.ts';
import type { EpisodeOptions } from '../tests/support/episode.ts';
import { rollout } from '../tests/support/gateway.ts';
import type { ChatBody, ChatSays } from '../tests/support/scripted-upstream.ts';
import { toolCall, useEpisodes } from '../tests/support/use-episodes.ts';
import { useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);

const call = (name: string, args: object): string => `I go on.\n${toolCall(name, args)}`;
const submit = call('submit', {});

/** Says these one after the other, then that it is done. */
const saying = (replies: readonly (string | ChatSays)[]): void => {
  used.upstream.says = (_, number) => replies[number - 1] ?? submit;
};

async function played(settings: Partial<Record<keyof ToolLoop, unknown>> = {}, more: Partial<EpisodeOptions> = {}) {
  const harness = { kind: 'tool-loop', system: 'You work with files.', loop: toolLoop.parse(settings) } as const;
  return episodes.played(await episodes.open({ harness, ...more }));
}
const resultsOf = ({ turns }: EpisodeTranscript): string[] =>
  turns.flatMap(({ role, content }) => (role === 'tool' ? [content] : []));
const lastOf = ({ messages }: ChatBody): string => messages.at(-1)!.content;

test('tools work on one workspace, each call in a sandbox of its own, until the model submits', async () => {
  saying([
    call('shell', { command: 'cat orders.csv; mkdir -p deep; ln -s ../orders.csv deep/link; chmod 700 deep; exit 3' }),
    call('write_file', { path: 'deep/answer.json', content: '{"units": 4}\n' }),
    call('edit_file', { path: 'deep/answer.json', old: '4', new: '3' }),
    call('read_file', { path: 'deep/link', from: 2 }),
    call('edit_file', { path: 'deep/answer.json', old: 'nothing', new: '' }),
    call('write_file', { path: '../out', content: '' }),
    call('shell', { command: 'sleep 600 & cp deep/answer.json . && stat -c %a deep; ls /proc 2>&1 | head -1' }),
  ]);
  const { trajectory, episode, transcript } = await played();
  expect(resultsOf(transcript)).toEqual([
    '[exit code 3]\nname,units\npear,3',
    'wrote 13 bytes to deep/answer.json',
    'wrote 13 bytes to deep/answer.json',
    '2\tpear,3',
    '[exit code 1]\n`old` stands there 0 times, and has to exactly once',
    '[exit code 1]\na path relative to the workspace, without ..',
    expect.stringMatching(/^700/),
  ]);
  expect(episode).toMatchObject({ harness: 'tool-loop', end: 'submitted', requests: 8, actions: [] });
  // Everything solved, and each call as its tool wants it.
  expect(trajectory).toMatchObject({ outcome: 'success', reward: { total: 1.1, components: { process: 1 } } });
  expect(trajectory.completions).toHaveLength(8);
  const [first] = used.upstream.chats;
  expect(first!.messages[0]!.content).toMatch(
    /^You work with files\.\n\nReply with one tool call[\s\S]+- shell \{"command": …\}/,
  );
  expect((await used.records()).every(({ fidelity }) => fidelity === 'token-exact')).toBe(true);
});

test('calls as the server reads them, several in a reply, and what is called by nobody’s name', async () => {
  const native = (...calls: readonly (readonly [string, object | string])[]): ChatSays => ({
    content: '',
    calls: calls.map(([name, args]) => ({ name, arguments: typeof args === 'string' ? args : JSON.stringify(args) })),
  });
  saying([
    native(['write_file', { path: 'answer.json', content: '{"units": 3}' }], ['shell', { command: 'cat answer.json' }]),
    native(['fly', {}], ['shell', '{"command"'], ['shell', { cmd: 'ls' }]),
    native(['submit', {}]),
  ]);
  const { trajectory, transcript } = await played({ calls: 'native' });
  expect(resultsOf(transcript)).toEqual([
    'wrote 12 bytes to answer.json',
    '{"units": 3}',
    'there is no tool "fly"',
    'the call is wrong: the arguments are no JSON',
    expect.stringContaining('the call is wrong: command'),
  ]);
  // Three of six calls were none.
  expect(trajectory).toMatchObject({ outcome: 'success', reward: { components: { process: 0.5 } } });
  expect(used.upstream.chats[0]!.tools!.map((one) => one.function.name)).toContain('edit_file');
});

test('a reply without a call, or with one that cannot be read, is told so; the third in a row ends it', async () => {
  saying(['Hello.', '```tool\n{"name": "shell"\n```', `${call('shell', { command: 'ls' })}${submit}`]);
  const { episode, trajectory } = await played();
  expect(episode).toMatchObject({ end: 'no_call', requests: 3 });
  expect(trajectory).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  expect(used.upstream.chats.slice(1).map(lastOf)).toEqual([
    expect.stringContaining('You called no tool.'),
    expect.stringContaining('what stands in the block is no JSON'),
  ]);
});

test('going round in circles is told, and then ends it', async () => {
  saying(Array.from({ length: 40 }, () => call('shell', { command: 'true' })));
  const circles = await played();
  // The gateway tells of it with the fifth answer, four steps alike, and refuses the seventh request.
  expect(circles.episode).toMatchObject({ end: 'loop', requests: 7 });
  const warned = resultsOf(circles.transcript).map((result) => result.includes('You did the same before'));
  expect(warned).toEqual([false, false, false, false, true, true]);
  const records = await used.records();
  expect(records.map(({ turn }) => turn!.loop?.times)).toEqual([...Array(4).fill(undefined), 4, 5, 6]);
  expect(records.at(-1)).toMatchObject({ error: expect.stringContaining('gateway.loop'), completionIds: [] });
});

test.each([
  [undefined, 'loop', 7],
  ['warn', 'loop', 7],
  ['stop', 'loop', 5],
  ['tell', 'turns', 9],
] as const)(
  'where the campaign says %s of circles: %s; what is said around calls makes no difference',
  async (...of) => {
    const [loops, end, requests] = of;
    saying(Array.from({ length: 40 }, (_, at) => `Once more, ${at}.\n${call('shell', { command: 'true' })}`));
    const harness = { kind: 'tool-loop', loop: toolLoop.parse({ maxTurns: 9 }), session: { loops } } as const;
    expect((await played({}, { harness })).episode).toMatchObject({ end, requests });
  },
);

test('time bounds it at the gateway too, which breaks the answer off', async () => {
  used.upstream.says = (_, number) =>
    number === 1 ? call('shell', { command: 'true' }) : new Promise<string>(() => undefined);
  const harness = { kind: 'tool-loop', session: { maxSeconds: 3 } } as const;
  expect((await played({}, { harness })).episode).toMatchObject({ end: 'time', requests: 2 });
  expect((await used.records()).at(-1)!.turn!.upstream.end).toBe('stopped');
});

test('turns bound it', async () => {
  used.upstream.says = (_, number) => call('shell', { command: `echo ${number}` });
  expect((await played({ maxTurns: 3 })).episode).toMatchObject({ end: 'turns', requests: 3 });
});

test('tokens bound it, those of helpers among them', async () => {
  used.upstream.says = (_, number) => call('shell', { command: `echo ${number}` });
  const { episode } = await played({ maxTokens: 250 });
  expect(episode.end).toBe('tokens');
  // The last one was asked for what was left.
  expect(used.upstream.chats.at(-1)!.max_tokens).toBeLessThan(200);
});

test('time bounds it, and what lies there by then is judged', async () => {
  used.upstream.says = (_, number) =>
    number === 1
      ? call('write_file', { path: 'answer.json', content: '{"units": 3}' })
      : new Promise<string>(() => undefined);
  const { episode, trajectory } = await played({}, { timeoutMs: 6_000 });
  expect(episode.end).toBe('time');
  expect(trajectory.outcome).toBe('success');
});

test('old results are cut, then the beginning is summarised, notes stay, and each of it is on record', async () => {
  const long = 'x'.repeat(900);
  used.upstream.says = (body, number) => {
    if (lastOf(body).startsWith('The conversation has become long')) return 'I looked at the orders.';
    if (number === 1) return call('take_note', { text: 'pears: 3' });
    if (number < 12) return call('shell', { command: `echo ${number} ${long}` });
    return submit;
  };
  const { episode, transcript } = await played({ contextTokens: 5_500, calls: 'text' });
  const kinds = episode.actions.map(({ kind }) => kind);
  expect(kinds[0]).toBe('note');
  expect(kinds).toContain('truncate');
  expect(kinds).toContain('summarise');
  for (const { kind, before, after } of episode.actions) if (kind !== 'note') expect(after).toBeLessThan(before);
  const summarised = used.upstream.chats.find(({ messages }) => messages[1]!.content.includes('What was done so far'))!;
  expect(summarised.messages[1]!.content).toMatch(/I looked at the orders\.\n\nYour notes:\n- pears: 3$/);
  // The summary was a completion like others: it is on record, and trains.
  expect(transcript.turns.filter(({ completion }) => completion !== undefined)).toHaveLength(
    episode.completions.length,
  );
  expect(episode.end).toBe('submitted');
});

test('a helper has a conversation and a budget of its own, and its report is never lost', async () => {
  used.upstream.says = (body) => {
    const isHelper = body.messages[1]!.content.startsWith('Count');
    if (isHelper && lastOf(body).startsWith('Count the')) return call('shell', { command: 'cat orders.csv' });
    if (isHelper)
      return body.messages[1]!.content === 'Count the pears.'
        ? call('submit', { summary: '3 pears' })
        : 'I do not know.';
    if (body.messages.length === 2) return call('delegate', { task: 'Count the pears.' });
    if (lastOf(body).includes('3 pears')) return call('delegate', { task: 'Count the plums.' });
    if (lastOf(body).includes('the helper ended'))
      return call('write_file', { path: 'answer.json', content: '{"units": 3}' });
    return submit;
  };
  const { trajectory, episode, transcript } = await played({ delegate: { maxTurns: 6, maxTokens: 400 } });
  expect(resultsOf({ ...transcript, turns: transcript.turns.filter(({ agent }) => agent === 'main') })).toEqual([
    '3 pears',
    '[the helper ended without submitting: no_call]\nI do not know.',
    expect.stringContaining('wrote'),
  ]);
  expect(episode.actions.map(({ kind, why }) => [kind, why])).toEqual([
    ['delegate', 'main.1 ended: submitted'],
    ['delegate', 'main.2 ended: no_call'],
  ]);
  expect(trajectory.outcome).toBe('success');
  expect(trajectory.completions).toHaveLength(episode.requests);
  // A helper has no helpers.
  expect(
    used.upstream.chats.find(({ messages }) => messages[1]!.content === 'Count the pears.')!.messages[0]!.content,
  ).not.toContain('- delegate');
});

test('a tool of the registry is found by its words, loaded, and used', async () => {
  const registry = [
    {
      name: 'sum_units',
      description: 'Adds up a column of a CSV file.',
      command: ['python3', '-c', 'import json, sys; print("sum of", json.load(sys.stdin)["column"])'],
      parameters: { type: 'object', properties: { column: { type: 'string' } } },
    },
    { name: 'draw', description: 'Draws a picture.', command: ['true'] },
  ];
  saying([
    call('sum_units', { column: 'units' }),
    call('find_tools', { query: 'something that adds a column' }),
    call('sum_units', { column: 'units' }),
  ]);
  const { episode, transcript } = await played({ registry });
  expect(resultsOf(transcript)).toEqual([
    'there is no tool "sum_units"',
    'Loaded:\n- sum_units {"column": …}: Adds up a column of a CSV file.',
    'sum of units',
  ]);
  expect(episode.actions).toMatchObject([{ kind: 'load', detail: 'sum_units' }]);
  expect(Object.keys(transcript.tools)).toContain('sum_units');
  expect(episode.completions[0]).toBe(`${rollout(0)}/c0`);
});
