// A worker that is killed amid its sub-agents: those that were done are not asked again, and the report is the one that a life without death gives.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { carryBase } from '../../cli/commands/research.ts';
import type { ChatRequest } from '../../contracts/agent-ports.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { QUEUES, researchKey, researchWorkflowId } from '../../contracts/names.ts';
import { researchEnd, researchInput, researchReport } from '../../contracts/research.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { decided, keepAlive, playEveryDeath, type Scene, until } from '../support/every-death.ts';
import { scriptedChat } from '../support/scripted-chat.ts';
import { tellFigures } from '../support/told-figures.ts';
import { documentsFolder } from './documents.ts';
import { QUESTIONS } from './questions.ts';
import { scriptedModel } from './scripted-model.ts';
import type { MortalResearch } from './worker.ts';
import { BUDGET } from './world.ts';

const SOME = [
  'after planResearch’s research/research-killed/plan, 1',
  'amid readPart’s sub-agent 100 ask, 1',
  'after readPart’s research/research-killed/readings/q0-p1, 1',
  'after writeReport’s research/research-killed/written, 1',
  'after proposeExperiment’s research/research-killed/experiment, 1',
  'after handOut’s research/research-killed/handed-out, 1',
];

interface Request {
  readonly life: number;
  readonly number: number;
  readonly request: ChatRequest;
}

const { folder } = await documentsFolder();

/** Which record a sub-agent's work ends in. */
const recordOf = (number: number): string =>
  ['plan', 'written', 'experiment'][number] ?? `readings/q${Math.floor((number - 100) / 20)}-p${(number - 100) % 20}`;

async function playResearch({ client, address, namespace, bundle }: Scene, at: string | null) {
  const home = await mkdtemp(join(tmpdir(), 'anneal-killed-'));
  const temporary = join(home, 'tmp');
  mkdirSync(temporary);
  const requests: Request[] = [];
  // One line of moves for each sub-agent, whichever life asks.
  const says = scriptedModel({ planted: false });
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one = JSON.parse(Buffer.concat(parts).toString()) as Request;
      requests.push(one);
      void scriptedChat((asked) => says(asked))
        .ask(one.request, new AbortController().signal)
        .then((answer) => response.end(JSON.stringify(answer)));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const store = createFolderStore(join(home, 'store'));
  await initIdentity(join(home, 'keys'));
  const identity = createLocalIdentity(join(home, 'keys'));
  const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
  const lives = join(home, 'lives');
  const given: MortalResearch = {
    ...{ temporal: address, namespace, bundle, home, lives, death },
    model: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  };
  const worker = keepAlive(join(import.meta.dirname, 'worker.ts'), given, { TMPDIR: temporary });
  try {
    const input = researchInput.parse({
      ...{
        schema: 'anneal/research/v1',
        research: 'research-killed',
        question: QUESTIONS[1]!.question,
        owner: 'somebody',
      },
      ...{ budget: BUDGET, corpus: await store.put(canonicalJson(await readDocuments(folder, store))) },
      base: await carryBase({ store }, resolve('examples/quickstart/campaign.yaml')),
    });
    const { research } = input;
    const handle = await client.workflow.start('research', {
      ...{ workflowId: researchWorkflowId(research), taskQueue: QUEUES.control, args: [input] },
    });
    const gates = createGates(client, store);
    const { view } = await until(() => gates.look(`${research}.plan-1`));
    const answer = { option: 'hand-out', reason: 'A test', unattended: false, ttl: '1h' } as const;
    await decided(gates, await identity.makeDecision(view.context, answer));
    const end = researchEnd.parse(await handle.result());
    await worker.stop();

    const read = async (key: string) => JSON.parse(new TextDecoder().decode((await store.readNamed(key))!.bytes));
    const report =
      end.how === 'answered'
        ? researchReport.parse(JSON.parse(new TextDecoder().decode(await store.get(end.report))))
        : undefined;
    const known = readFileSync(lives, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { life: number; known: string[] });
    const again = requests.filter(({ life, number }) =>
      known.find((one) => one.life === life)!.known.includes(researchKey(research, recordOf(number))),
    );
    const wrong: string[] = [
      ...(end.how === 'answered' && end.experiment?.how === 'handed-out' ? [] : [`it ended as ${canonicalJson(end)}`]),
      ...again.map(({ number }) => `sub-agent ${number} was asked again after it was done`),
      ...(canonicalJson(await read(researchKey(research, 'end'))) === canonicalJson(end)
        ? []
        : ['its end is not on record']),
    ];
    const claims = report?.sections.flatMap((section) => section.claims.map(({ text }) => text));
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    return { passed, died: existsSync(death.died), wrong, claims, requests: requests.length };
  } finally {
    await worker.stop();
    server.close();
    server.closeAllConnections();
    await rm(home, { recursive: true, force: true });
  }
}

test('whoever dies amid sub-agents: those that are done are not asked again, and the report is the same', {
  timeout: 1_800_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  try {
    const played = await playEveryDeath(playResearch, (passed) => (all ? [...new Set(passed)] : SOME), { lanes: 3 });
    const alive = played.get(null)!;
    expect(alive).toMatchObject({ died: false, wrong: [], claims: [QUESTIONS[1]!.truth] });
    const deaths = [...played].filter(([at]) => at !== null);
    tellFigures(task, {
      'deaths played': deaths.length,
      'requests without a death': alive.requests,
      'most requests with one': Math.max(...deaths.map(([, one]) => one.requests)),
    });
    for (const [at, { died, wrong, claims }] of deaths)
      expect({ at, died, wrong, claims }).toEqual({ at, died: true, wrong: [], claims: alive.claims });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
