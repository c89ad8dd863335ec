// A question to documents, top-down: divide it, search, have sub-agents read, judge what they claim, write down what stands; then, where a base
// campaign is given, propose an experiment and ask a human. Nothing is started by it.
import { defineQuery, isCancellation, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ReadPart, ResearchPart } from '../activities/interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { gateId } from '../contracts/ids.ts';
import { RESEARCH } from '../contracts/names.ts';
import type {
  ExperimentEnd,
  ResearchBudget,
  ResearchEnd,
  ResearchInput,
  ResearchStep,
  ResearchView,
  Spent,
} from '../contracts/research.ts';
import { AT_ONCE, plus, shareOf } from '../policies/research.ts';
import { openAskAt } from './ask-at.ts';
import { askPlan } from './questions-plan.ts';
import { lasting, quick, reading } from './queues.ts';
import { rootCause } from './root-cause.ts';

/** Of a decision on an experiment. */
const [DEADLINE_MS, REMIND_MS] = [24 * 3_600_000, 3_600_000];

export async function research(input: ResearchInput): Promise<ResearchEnd> {
  const desk = openDesk(input);
  const end = await answer(input, desk).catch((failure: unknown): ResearchEnd => {
    if (isCancellation(failure)) throw failure;
    const { code, message } = rootCause(failure);
    return { how: 'failed', research: input.research, code, why: message };
  });
  await lasting.recordResearchEnd({ end });
  desk.ended(end);
  return end;
}

async function answer(input: ResearchInput, desk: Desk): Promise<ResearchEnd> {
  const { research: name, question, base } = input;
  const ask = openAskAt();
  const purse = openPurse(input.budget, desk);
  const notes: string[] = [];
  const opened = await desk.at('open', () =>
    quick.openResearch({ input, runChain: workflowInfo().firstExecutionRunId }),
  );

  const questions = await desk.at('plan', plan);
  const corpora = await desk.at('search', search);
  const readings = opened.hasModel ? await desk.at('read', readAll) : [];
  const judged = opened.noJudge === undefined ? await desk.at('judge', () => judgeAll(readings)) : readings;
  const {
    report,
    answer: said,
    spent,
  } = await desk.at('write', () =>
    reading.writeReport({
      ...{ research: name, question, corpora, questions, notes, hasModel: opened.hasModel, noJudge: opened.noJudge },
      readings: judged.map(({ part, object }) => ({ part, object })),
      left: purse.share() ?? NOTHING_LEFT,
      spent: purse.spent(),
    }),
  );
  purse.set(spent);
  desk.reports(report);
  const experiment = base === null ? null : await propose(base);
  return { how: 'answered', research: name, answer: said, report, experiment };

  async function plan(): Promise<readonly string[]> {
    const left = purse.share();
    if (!opened.hasModel || left === undefined) return [question];
    // The question itself can be searched for without a plan.
    const planned = await unless('the planner', reading.planResearch({ research: name, question, left }));
    if (planned === undefined) return [question];
    purse.pay(planned.spent);
    if (planned.failed !== undefined) notes.push(planned.failed);
    return planned.questions;
  }

  async function search(): Promise<readonly ArtifactRef[]> {
    if (!opened.hasSearch) return [input.corpus];
    const found = await unless('the web search', reading.searchWeb({ research: name, questions }));
    if (found?.failed !== undefined) notes.push(found.failed);
    return found?.corpus ? [input.corpus, found.corpus] : [input.corpus];
  }

  async function readAll(): Promise<(ReadPart & { part: ResearchPart })[]> {
    const { parts } = await reading.findPassages({ research: name, corpora, questions });
    const done: (ReadPart & { part: ResearchPart })[] = [];
    const waiting = [...parts];
    let left = 0;
    desk.sends(parts.length);
    async function reader(): Promise<void> {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
        const share = purse.share();
        if (share === undefined) {
          left += 1;
          continue;
        }
        const give = purse.hold(share);
        const of = {
          research: name,
          corpora,
          part,
          question: questions[part.question]!,
          judged: opened.noJudge === undefined,
          left: share,
        };
        const read = await unless('a reader', reading.readPart(of));
        give();
        if (read !== undefined) {
          purse.pay(read.spent);
          if (read.failed !== undefined) notes.push(read.failed);
          done.push({ ...read, part });
        }
        desk.read(read);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, reader));
    if (left > 0) notes.push(`the budget was spent: ${left} of ${parts.length} parts were not read`);
    return done;
  }

  async function judgeAll(
    readings: readonly (ReadPart & { part: ResearchPart })[],
  ): Promise<(ReadPart & { part: ResearchPart })[]> {
    const all = [];
    for (const { part, object, claims } of readings) {
      // Of what nobody judged nothing may stand.
      const judgement = await reading.judgePart({ research: name, part, reading: object });
      desk.judged(claims - judgement.claims);
      all.push({ ...judgement, part });
    }
    return all;
  }

  async function propose(from: ArtifactRef): Promise<ExperimentEnd> {
    const left = purse.share();
    if (left === undefined) return { how: 'none', why: 'the budget was spent' };
    const made = await desk.at('experiment', () =>
      reading.proposeExperiment({ research: name, report, base: from, left }),
    );
    purse.pay(made.spent);
    if (made.how === 'none') return { how: 'none', why: made.why };
    const { object, spec } = made;
    const decided = await desk.at('decide', () =>
      ask({
        evidence: {
          ...({ schema: 'anneal/evidence/v1', kind: 'plan' } as const),
          ...{ gate: gateId.parse(`${name}.plan-1`), campaign: name },
          ...askPlan(spec, { question, experiment: object, report }),
          // By what is on record: asked again it is the same evidence, and finds the answer that there is.
          cost: { tokens: spent.tokens + made.spent.tokens, seconds: 0 },
          runChain: opened.runChain,
        },
        ...{ owner: input.owner, deadlineMs: DEADLINE_MS, remindMs: REMIND_MS, asker: workflowInfo().workflowId },
        waitFor: (open) => desk.waits(open && `a decision on ${open.gate} before ${open.deadline}`),
      }),
    );
    const { gate, option } = decided.result;
    if (option !== 'hand-out') return { how: 'left', gate, spec: object };
    await quick.handOut({ research: name, owner: input.owner, gate, evidence: decided.evidence, experiment: object });
    return { how: 'handed-out', gate, spec: object };
  }

  /** A sub-agent that comes to nothing is told; the others go on. */
  async function unless<T>(who: string, doing: Promise<T>): Promise<T | undefined> {
    try {
      return await doing;
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      const { code, message } = rootCause(failure);
      // What is wrong with the machine is wrong for all of them.
      if (/^(store|internal)\./.test(code)) throw failure;
      notes.push(`${who} came to nothing: ${code}: ${message.slice(0, 200)}`);
      return undefined;
    }
  }
}

const NOTHING_LEFT: ResearchBudget = { turns: 0, tokens: 0, seconds: 0 };

/** What was spent, and what those who are at work may spend yet. */
function openPurse(budget: ResearchBudget, desk: Desk) {
  const began = Date.now();
  let spent: Spent = { turns: 0, tokens: 0 };
  let held: Spent = { turns: 0, tokens: 0 };
  const set = (now: Spent): void => {
    spent = now;
    desk.spends(spent);
  };
  return {
    set,
    spent: () => spent,
    share: () => shareOf(budget, plus(spent, held), (Date.now() - began) / 1_000),
    pay: (more: Spent) => set(plus(spent, more)),
    hold({ turns, tokens }: Spent): () => void {
      held = plus(held, { turns, tokens });
      return () => {
        held = plus(held, { turns: -turns, tokens: -tokens });
      };
    },
  };
}

type Desk = ReturnType<typeof openDesk>;

/** What people see of it while it runs. */
function openDesk({ research: name, question }: ResearchInput) {
  let view: ResearchView = {
    ...{ research: name, question, step: 'open', readers: { done: 0, of: 0 }, claims: 0, dropped: 0 },
    spent: { turns: 0, tokens: 0 },
  };
  setHandler(defineQuery<ResearchView>(RESEARCH.view), () => view, { description: 'Where it stands' });
  const now = (more: Partial<ResearchView>): void => {
    view = { ...view, ...more };
    const { step, readers, claims, dropped, waitingFor, end } = view;
    const lines = [
      `**${step}** · ${readers.done} of ${readers.of} readers · ${claims} claims stand, ${dropped} dropped`,
      ...(waitingFor === undefined ? [] : [`**Waits for a human**: ${waitingFor}`]),
      ...(end === undefined ? [] : [`Ended: ${end.how}`]),
    ];
    setCurrentDetails(lines.join('\n\n'));
  };
  return {
    at<T>(step: ResearchStep, doing: () => Promise<T>): Promise<T> {
      now({ step });
      return doing();
    },
    spends: (spent: Spent) => now({ spent }),
    sends: (of: number) => now({ readers: { done: 0, of } }),
    read: (part: ReadPart | undefined) =>
      now({
        readers: { ...view.readers, done: view.readers.done + 1 },
        claims: view.claims + (part?.claims ?? 0),
        dropped: view.dropped + (part?.dropped ?? 0),
      }),
    judged: (refused: number) => now({ claims: view.claims - refused, dropped: view.dropped + refused }),
    reports: (report: ArtifactRef) => now({ report }),
    waits(waitingFor: string | undefined): void {
      const { waitingFor: _before, ...rest } = view;
      view = rest;
      now(waitingFor === undefined ? {} : { waitingFor });
    },
    ended: (end: ResearchEnd) => now({ step: 'ended', end }),
  };
}
