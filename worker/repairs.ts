// What mends, in an incident: remedies first, then a coding agent where the operator has a model for it; and who reviews.
import { createHash } from 'node:crypto';
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { IncidentPorts, RepairBy } from '../activities/incidents.ts';
import { playCoder } from '../agents/coder/play.ts';
import { proposeByRemedy } from '../agents/remedies/propose.ts';
import { reviewChange } from '../agents/reviewer/review.ts';
import { isScripted } from '../contracts/agent-model.ts';
import type { AgentAccess, AgentChat } from '../contracts/agent-ports.ts';
import { type AgentRole, agentCase } from '../contracts/agent-session.ts';
import type { CoderBudget } from '../contracts/coder.ts';
import type { IncidentName, Reviewed } from '../contracts/incident.ts';
import type { Edit } from '../contracts/merge.ts';
import type { Sandbox } from '../contracts/ports.ts';
import type { Skill } from '../contracts/skill.ts';
import { durationMs } from '../contracts/units.ts';
import { keptWorkspace } from '../evals/workspace/kept.ts';
import { openWorkspace } from '../evals/workspace/run.ts';
import { agentGrant } from '../policies/agent-grant.ts';
import { deedsIn, notMine, touchedBy, useOf } from './skill-uses.ts';

export interface RepairParts {
  readonly sandbox: Sandbox;
  readonly skills: () => Promise<readonly Skill[]>;
}

/** The operator's model, for one role in one incident. */
export interface RoleModel {
  readonly name: string;
  chat(of: {
    readonly incident: IncidentName;
    readonly role: AgentRole;
    /** Of this role in this incident, from 0. */
    readonly number: number;
    readonly budget: CoderBudget;
  }): AgentChat;
}

const REVIEW: CoderBudget = { turns: 3, tokens: 20_000, seconds: 600 };
/** Of an id at the gateway. */
const MOST_NAME = 40;

/** Through the gateway, which records every request by incident, role and session; its credential lasts as long as the budget. */
export const roleModel = (name: string, access: Pick<AgentAccess, 'chat'>): RoleModel => ({
  name,
  chat({ incident, role, number, budget }) {
    const long = /^(incident|ticket)-/.test(incident) ? incident : `incident-${incident}`;
    const short = `${long.slice(0, MOST_NAME - 9)}-${createHash('sha256').update(long).digest('hex').slice(0, 8)}`;
    const of = agentCase.parse(long.length <= MOST_NAME ? long : short);
    // A worker that died has asked already: its successor's requests are told from those.
    return access.chat(agentGrant({ case: of, role, number }, budget, activityInfo().attempt - 1));
  },
});

export const byRemedies =
  ({ sandbox, skills }: RepairParts): RepairBy =>
  async ({ files, diagnosis, tried }) => {
    const used = new Set(tried.map((one) => one.with));
    const library = await skills();
    const left = library.filter(({ name }) => !used.has(name));
    const proposed = await proposeByRemedy({ files, diagnosis, skills: left, runWork: openWorkspace(sandbox) });
    if (proposed.how === 'not-mine') {
      const why = proposed.tried.map(({ skill, why }) => `${skill}: ${why}`);
      const uses = proposed.tried.map(({ skill }) => notMine(library.find(({ name }) => name === skill)!));
      return { how: 'none', uses, why: why.length === 0 ? 'no remedy is for what was diagnosed' : why.join('; ') };
    }
    const { skill, edits, said } = proposed;
    const session = { touched: touchedBy(files, edits), deeds: undefined };
    return {
      uses: [useOf(skill, library, session, { as: 'remedy', how: 'proposed' })],
      ...{ how: 'edited', edits: asEdits(edits), title: skill.front.name, body: said },
      means: { kind: 'remedy', skill: skill.name, version: skill.version },
      // By itself: whose lines the diagnosis rests on is asked elsewhere.
      tainted: false,
    };
  };

/** It is shown the diagnosis with lines of logs: what it makes is tainted by them, and a human decides on it. */
export const byCoder =
  ({ sandbox, skills }: RepairParts, model: RoleModel): RepairBy =>
  async ({ incident, spec, files, diagnosis, tried, remembered }) => {
    const runWork = openWorkspace(sandbox);
    const { turns, tokens, time } = spec.budget;
    const budget = { turns, tokens, seconds: durationMs(time) / 1_000 };
    const number = tried.filter(({ by }) => by === 'coding agent').length;
    const library = await skills();
    const { end, said, edits, transcript } = await playCoder({
      files,
      task: {
        title: `Mend what made a run fail: ${diagnosis.cause}`,
        instruction:
          'Find the cause in these files and mend it. Add a test that fails without your change and passes with it. Break no test that is there.',
      },
      material: [
        { title: 'the diagnosis', text: JSON.stringify(diagnosis) },
        ...tried.map(({ by, why }) => ({ title: `tried before, by ${by}`, text: why })),
        ...remembered,
      ],
      skills: library,
      budget,
      ports: {
        chat: model.chat({ incident, role: 'debugger', number, budget }),
        runWork,
        openDesk: (of) => keptWorkspace(runWork, of),
      },
      signal: cancellationSignal(),
    });
    const session = { touched: touchedBy(files, edits), deeds: deedsIn(transcript) };
    const how = end === 'done' ? 'proposed' : 'came-to-nothing';
    const given = library.filter(({ front }) => front.clauses.length > 0);
    const uses = given.map((skill) => useOf(skill, library, session, { as: 'given', how }));
    if (end !== 'done') return { how: 'none', uses, why: `${end}: ${said}` };
    return {
      uses,
      ...{ how: 'edited', edits: asEdits(edits), title: `Mend ${diagnosis.cause}`, body: said },
      means: { kind: 'model', model: model.name, scripted: isScripted(model.name) },
      tainted: true,
    };
  };

export async function reviewBy(
  model: RoleModel | undefined,
  { incident, change, patch, number }: Parameters<IncidentPorts['review']>[0],
): Promise<Reviewed> {
  if (model === undefined) return { how: 'absent', why: 'no model is configured' };
  const review = await reviewChange({
    chat: model.chat({ incident, role: 'reviewer', number, budget: REVIEW }),
    patch,
    task: { title: change.title, instruction: change.body },
    material: [],
    signal: cancellationSignal(),
  });
  if (review.how === 'absent') return review;
  if (review.how === 'failed') return { how: 'absent', why: `${model.name} gave no answer that counts: ${review.why}` };
  const by = { model: model.name, scripted: isScripted(model.name) };
  return { how: 'reviewed', by, verdict: review.verdict, findings: review.findings.filter(({ line }) => line > 0) };
}

const asEdits = (edits: ReadonlyMap<string, Uint8Array | null>): ReadonlyMap<string, Edit> =>
  new Map([...edits].map(([path, bytes]) => [path, bytes === null ? null : { bytes }]));
