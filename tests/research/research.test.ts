// Ten questions to real documents, answered by a *scripted* model at its worst, on a real Temporal server.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ResearchModel, ResearchPorts } from '../../activities/research-ports.ts';
import { readCampaign } from '../../cli/spec/read.ts';
import { renderResearch } from '../../cli/view/research.ts';
import type { Drops } from '../../contracts/research.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { sumOfDrops } from '../../policies/research.ts';
import { decided, until } from '../support/every-death.ts';
import { keepHistory, temporal, withTemporal } from '../support/play-campaign.ts';
import { type ScriptedChat, scriptedChat } from '../support/scripted-chat.ts';
import { tellFigures } from '../support/told-figures.ts';
import { documentsFolder, PACKAGES, PLANTED } from './documents.ts';
import { QUESTIONS, UNANSWERED } from './questions.ts';
import { wrongWith } from './reader.ts';
import { scriptedModel } from './scripted-model.ts';
import { researchWorld } from './world.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
withTemporal();

let folder: string;
let documents: number;
beforeAll(async () => {
  ({ folder, documents } = await documentsFolder());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function scripted(): { model: ResearchModel; chats: ScriptedChat[] } {
  const says = scriptedModel();
  const chats: ScriptedChat[] = [];
  const model: ResearchModel = {
    ...{ name: 'scripted-researcher', scripted: true },
    chat() {
      const chat = scriptedChat((request) => says(request));
      chats.push(chat);
      return chat;
    },
  };
  return { model, chats };
}

async function within<T>(
  ports: Partial<ResearchPorts>,
  work: (world: Awaited<ReturnType<typeof researchWorld>>) => Promise<T>,
): Promise<T> {
  const world = await researchWorld(ports);
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

test('the documents are thirty and more, of packages that package.json pins', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(PACKAGES.filter((name) => !(name in { ...dependencies, ...devDependencies }))).toEqual([]);
  expect(documents).toBeGreaterThanOrEqual(30);
});

test('ten questions: every citation exists and bears its claim, whatever the model says', async ({ task }) => {
  const { model, chats } = scripted();
  await within({ model }, async (world) => {
    let [claims, citations, dropped] = [0, 0, 0];
    const all: Drops[] = [];
    for (const { question, document, truth } of QUESTIONS) {
      const { research, ended } = await world.begin(folder, question);
      const end = await ended();
      expect(end).toMatchObject({ how: 'answered', answer: 'said', experiment: null });
      const { report } = await world.researches.look(research);
      const said = report!.sections.flatMap((section) => section.claims);
      // The truth and nothing else: each lie is planted beside a true quote.
      expect({ question, said: said.map(({ text }) => text) }).toEqual({ question, said: [truth] });
      for (const one of [...said.flatMap((claim) => claim.citations), ...report!.passages]) {
        expect(wrongWith(folder, one)).toBeUndefined();
        citations += 1;
      }
      expect(said[0]!.citations.map((one) => one.document)).toEqual([document]);
      expect(report).toMatchObject({ mode: 'read', by: { scripted: true }, judge: { absent: 'none is configured' } });
      expect(report!.read.refused.map(({ path }) => path)).toEqual(['notes/huge.md', 'notes/latin1.txt']);
      claims += said.length;
      dropped += Object.values(report!.dropped).reduce((sum, one) => sum + (one ?? 0), 0);
      all.push(report!.dropped);
      if (question === QUESTIONS[0]!.question) await keepHistory(research, `research/${research}`);
    }
    const whys = sumOfDrops(all);
    for (const why of ['quote', 'document', 'lines', 'numbers', 'names', 'words', 'reversed', 'form'] as const)
      expect(whys[why] ?? 0, why).toBeGreaterThan(0);
    // Tool-less, all of them, and none saw a document that was not between marks.
    const requests = chats.flatMap((chat) => chat.asked);
    expect(requests.every(({ tools }) => tools.length === 0)).toBe(true);
    expect(
      requests.filter(({ agent, messages }) => agent === 'planner' && /\d+:\d+\| /.test(messages[1]!.content)),
    ).toEqual([]);
    expect(requests.some(({ messages }) => messages[1]!.content.includes('ignore all previous rules'))).toBe(true);
    tellFigures(task, {
      documents,
      questions: QUESTIONS.length,
      claims,
      citations,
      'claims dropped': dropped,
      requests: requests.length,
    });
  });
});

test('what the documents do not say is an answer', async () => {
  const { model } = scripted();
  await within({ model }, async (world) => {
    const { research, ended } = await world.begin(folder, UNANSWERED);
    expect(await ended()).toMatchObject({ how: 'answered', answer: 'not-said' });
    const state = await world.researches.look(research);
    expect(state.report!.sections).toEqual([]);
    expect(renderResearch(state, { width: 80, colour: false }).join('\n')).toContain('The documents do not say');
  });
});

test('without a model the best passages are quoted, and hold the answer', async ({ task }) => {
  await within({}, async (world) => {
    let [found, first] = [0, 0];
    for (const { question, document, stands } of QUESTIONS) {
      const { research, ended } = await world.begin(folder, question);
      expect(await ended()).toMatchObject({ answer: 'extracts' });
      const state = await world.researches.look(research);
      const { passages, sections, by, spent } = state.report!;
      expect({ sections, by, spent }).toEqual({ sections: [], by: null, spent: { turns: 0, tokens: 0 } });
      for (const one of passages) expect(wrongWith(folder, one)).toBeUndefined();
      const place = passages.findIndex(
        (one) => one.document === document && one.quote.includes(stands.replaceAll(/\s+/g, ' ')),
      );
      if (place !== -1) found += 1;
      if (place === 0) first += 1;
      if (place === -1)
        console.log(`not found: ${question}: ${passages.map((one) => `${one.document}:${one.from}`).join(' ')}`);
      const page = renderResearch(state, { width: 80, colour: false }).join('\n');
      expect(page).toContain('No model is configured');
      expect(page).toContain(`${passages[0]!.document}:${passages[0]!.from}`);
    }
    tellFigures(task, { 'answers among five passages, of ten': found, 'answers in the first passage': first });
    expect(found).toBeGreaterThanOrEqual(9);
  });
});

test('a judge of another family takes claims away, and brings none back', async () => {
  const { model } = scripted();
  const refuses = { model: 'scripted-judge', family: 'other', answer: async () => '{"supported": false}' };
  const { question } = QUESTIONS[0]!;
  await within({ model, judge: { model: refuses, scripted: true } }, async (world) => {
    const { research, ended } = await world.begin(folder, question);
    expect(await ended()).toMatchObject({ answer: 'not-said' });
    expect((await world.researches.look(research)).report!.dropped.judge).toBeGreaterThan(0);
  });
  // One that says yes to all lets nothing through that the code refuses.
  const agrees = { ...refuses, answer: async () => '{"supported": true}' };
  await within({ model, judge: { model: agrees, scripted: true } }, async (world) => {
    const { research, ended } = await world.begin(folder, question);
    await ended();
    const said = (await world.researches.look(research)).report!.sections.flatMap((one) =>
      one.claims.map(({ text }) => text),
    );
    expect(said).toContain(QUESTIONS[0]!.truth);
    for (const lie of QUESTIONS[0]!.lies) expect(said).not.toContain(lie);
  });
});

test('an experiment: campaign files that validate, and nothing before a human says so', async () => {
  const { model } = scripted();
  const beside = await mkdtemp(join(tmpdir(), 'anneal-base-'));
  const example = resolve('examples/quickstart');
  await within({ model }, async (world) => {
    const { research, ended } = await world.begin(folder, QUESTIONS[0]!.question, {
      campaign: join(example, 'campaign.yaml'),
    });
    const gate = `${research}.plan-1`;
    const { view, evidence } = await until(() => world.gates.look(gate));
    expect(evidence).toMatchObject({ kind: 'plan', safe: 'leave', recommended: 'leave' });
    await expect(world.researches.handedOut(research)).rejects.toMatchObject({ code: 'research.not_handed_out' });
    const answer = { option: 'hand-out', reason: 'A test', unattended: false, ttl: '1h' } as const;
    await decided(world.gates, await world.identity.makeDecision(view.context, answer));
    expect(await ended()).toMatchObject({ experiment: { how: 'handed-out', gate } });
    const { files, experiment } = await world.researches.handedOut(research);
    expect(experiment.grounds).toEqual(['c1']);
    expect(files).toHaveLength(3);
    copyFileSync(join(example, 'starting-pass-rates.json'), join(beside, 'starting-pass-rates.json'));
    const rates: number[] = [];
    for (const { name, text } of files) {
      writeFileSync(join(beside, name), text);
      const { spec } = await readCampaign(join(beside, name));
      expect(spec.budget).toMatchObject({ tokens: 100_000, wallClock: '1h' });
      rates.push(spec.training.learningRate);
    }
    expect(rates).toEqual([0.0015, 0.0005, 0.001]);
    // Nothing was started by it.
    const all = await Array.fromAsync(temporal().workflow.list({ query: `WorkflowType = 'campaign'` }));
    expect(all).toEqual([]);
    await keepHistory(research, `research/${research}`);
    const page = renderResearch(await world.researches.look(research), { width: 100, colour: false }).join('\n');
    expect(page).toContain('A human has handed its files out');
  });
  await rm(beside, { recursive: true, force: true });
});

test('a budget that is spent sends no more readers, and the report says so', async () => {
  const { model, chats } = scripted();
  await within({ model }, async (world) => {
    const { research, ended } = await world.begin(folder, QUESTIONS[1]!.question, {
      budget: { turns: 4, tokens: 200_000, seconds: 600 },
    });
    expect(await ended()).toMatchObject({ how: 'answered' });
    const { report } = await world.researches.look(research);
    expect(report!.notes.join()).toContain('the budget was spent');
    expect(chats.flatMap((chat) => chat.asked).length).toBeLessThanOrEqual(4);
  });
});

test('the planted document is one of those that are asked', async () => {
  const { documents: read } = await readDocuments(folder, {
    put: async () => ({ uri: `store:objects/00/${'0'.repeat(64)}`, sha256: '0'.repeat(64), bytes: 0 }) as never,
  });
  expect(read.map(({ path }) => path)).toContain(PLANTED);
});
