// Agents that people run, unchanged, through the gateway: each mends a program in a real folder, told what to do by a *scripted* model in
// the agent's own format. What each was sent is heard on the way, and held against the records: as many, with its hash, none lost.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../../gateway/turns/reply.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, SECRET, temporaryFolder } from '../support/gateway.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';
import { type Eavesdropper, startEavesdropper } from './eavesdropper.ts';
import { type AgentName, agentPython } from './environments.ts';
import { isMended, makeTask, runAgent } from './run-agent.ts';
import { type Move, playing, slowly } from './scripted-moves.ts';

/** Their imports alone take half a minute on a busy machine. */
const PATIENCE = 540_000;
// Without byte code: of a file that is changed within a second and keeps its length, Python would believe the old one.
const MEND = "sed -i 's/a - b/a + b/' sums.py && python3 -B check.py";

const edit = (from: string, to: string): Move => ({
  say: `It subtracts.\n\nsums.py\n\`\`\`python\n<<<<<<< SEARCH\n    return ${from}\n=======\n    return ${to}\n>>>>>>> REPLACE\n\`\`\`\n`,
});

interface Case {
  readonly name: AgentName;
  readonly way: string;
  readonly more?: readonly string[];
  readonly moves: readonly Move[];
  readonly dialect: 'chat' | 'responses';
  readonly streamed: boolean;
}

const withTool = (tool: string, last: Move): Move[] => [
  { tool, with: { command: 'python3 -B check.py; cat sums.py' } },
  { tool, with: { command: MEND } },
  last,
];
const openaiAgents = {
  name: 'openai-agents',
  dialect: 'responses',
  moves: withTool('run_command', { say: 'It is mended: add adds.' }),
} satisfies Partial<Case>;
const CASES: readonly Case[] = [
  {
    name: 'mini-swe-agent',
    way: 'calls of its shell',
    dialect: 'chat',
    streamed: false,
    moves: withTool('bash', { tool: 'bash', with: { command: 'echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT' } }),
  },
  {
    // Its own test run fails after the first edit: it asks again with what the check said.
    name: 'aider-chat',
    way: 'two edits with a failed check between',
    dialect: 'chat',
    streamed: true,
    moves: [edit('a - b', 'a * b'), edit('a * b', 'a + b')],
  },
  { ...openaiAgents, way: 'calls of a tool of its user', streamed: false },
  { ...openaiAgents, way: 'the same, streamed', streamed: true, more: ['--streamed'] },
];

const on = useGateway();

async function open() {
  const provider = await startScriptedProvider();
  on.defer(() => provider.close());
  await on.gateway.close();
  const scripted = { kind: 'openai', url: provider.url, model: 'scripted' } as const;
  await on.open({ providers: new Map([[POLICY, scripted]]) });
  const between = await startEavesdropper(on.gateway.url);
  on.defer(() => between.close());
  return { provider, between, ...(await home()) };
}

async function home() {
  const folder = await temporaryFolder();
  on.defer(async () => {
    await folder[Symbol.asyncDispose]();
  });
  return { work: await makeTask(join(folder.path, 'home')), key: mintCredential(claims(), SECRET) };
}

const asked = ({ heard }: Eavesdropper) => heard.filter(({ method }) => method === 'POST');

describe.each(CASES)('$name', ({ name, way, more = [], moves, dialect, streamed }) => {
  const python = agentPython(name);
  test.skipIf(python === undefined)(
    `mends a program by ${way}; every request is a record with its hash`,
    async () => {
      const { provider, between, work, key } = await open();
      provider.script = playing(moves);
      expect(await isMended(work)).toBe(false);
      const agent = runAgent(name, python!, work, { url: between.url, key, more });
      on.defer(() => agent.end());
      const code = await agent.ended;
      expect({ code, mended: await isMended(work) }, agent.said()).toEqual({ code: 0, mended: true });
      const records = await on.records();
      expect(provider.requests).toHaveLength(moves.length);
      expect(asked(between)).toHaveLength(moves.length);
      expect(records.map(({ turn }) => turn!.sent)).toEqual(asked(between).map(({ text }) => hashOf(text)));
      for (const { turn, finish } of records) {
        expect(turn).toMatchObject({ dialect, upstream: { streamed } });
        expect(['stop', 'tool_calls']).toContain(finish);
      }
      expect(JSON.stringify(records)).not.toContain(key);
    },
    PATIENCE,
  );
});

describe.each(CASES)('$name ($way)', ({ name, more = [], streamed }) => {
  const python = agentPython(name);
  test.skipIf(python === undefined)(
    `Ctrl-C ${streamed ? 'in the middle of a streamed answer' : 'while it waits for an answer'} is a record too`,
    async () => {
      const { provider, between, work, key } = await open();
      provider.script = slowly;
      const agent = runAgent(name, python!, work, { url: between.url, key, more });
      on.defer(() => agent.end());
      const began = (): boolean =>
        provider.requests.length > 0 && (!streamed || /so.*so/s.test(between.heard.at(-1)!.text));
      await expect.poll(began, { timeout: PATIENCE / 2, interval: 50 }).toBe(true);
      agent.process.kill('SIGINT');
      const record = async () => (await on.records())[0];
      await expect
        .poll(record, { timeout: PATIENCE / 2 })
        .toMatchObject({ finish: 'aborted', turn: { upstream: { end: 'left', streamed } } });
      // It was asked for once: nobody tries again what somebody has broken off.
      expect([(await on.records()).length, provider.requests.length, provider.left]).toEqual([1, 1, 1]);
      if (streamed) expect((await record())!.text).toMatch(/^(so )+/);
    },
    PATIENCE,
  );
});
