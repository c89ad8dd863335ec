// Scripted activities of incidents and of merges: they answer as told and touch nothing.
import { ApplicationFailure } from '@temporalio/common';
import type {
  IncidentActivities,
  MergeActivities,
  QueuedMerge,
  RevertActivities,
} from '../../activities/incident-interface.ts';
import type { TrainingActivities } from '../../activities/interface.ts';
import { type ChangeId, changeId, commitId, proposedChange, repositoryName } from '../../contracts/change.ts';
import { sha256 } from '../../contracts/ids.ts';
import {
  type IncidentEnd,
  type IncidentInput,
  incidentInput,
  mergeRequest,
  type RevertInput,
} from '../../contracts/incident.ts';
import { refOf } from './scripted-ref.ts';

export interface IncidentScript {
  /** Objects that a job's logs come to; none: there are no logs. */
  logs?: string[];
  /** Thrown by keepLogs. */
  unkept?: ApplicationFailure;
  /** Whether a proposal is borne out by its tests, by incident; by itself it is. */
  mends?: (incident: string) => boolean;
  /** Whether a human is asked; by itself nobody is. */
  ask?: 'critical' | 'always';
  /** Awaited by the analysis of the logs. */
  hold?: Promise<unknown>;
  /** Awaited by the trial of each commit. */
  trial?: Promise<unknown>;
  /** Thrown by landCommit or answered in its place, one a call, until used up. */
  landings?: (ApplicationFailure | 'moved')[];
  /** What rebaseChange comes to; by itself a commit, until it has landed. */
  rebased?: (change: ChangeId) => 'rebased' | 'landed' | 'nothing-left' | 'conflict';
  /** Whether what an incident brought is taken back, by what came next; by itself it stays. */
  takesBack?: (incident: string, next: RevertInput['next']) => boolean;
}

export interface ToldOfIncidents {
  readonly calls: string[];
  readonly analysed: { incident: string; logs: IncidentInput['logs'] }[];
  readonly ends: IncidentEnd[];
  /** Changes by landing, as often as they landed. */
  readonly landed: ChangeId[];
}

const REPOSITORY = repositoryName.parse('trainer');
const BASE = commitId.parse('b'.repeat(40));
const AT = '2031-02-03T04:05:06.000Z';

export const changeOf = (incident: string): ChangeId => changeId.parse(refOf({ change: incident }).sha256);
export const queuedMerge = (incident: string): QueuedMerge => ({
  ...{ request: refOf({ request: incident }), change: changeOf(incident), asked: null },
});

export function scriptedIncidents(script: IncidentScript = {}) {
  const told: ToldOfIncidents = { calls: [], analysed: [], ends: [], landed: [] };
  const landings = [...(script.landings ?? [])];
  const names = new Map<string, string>();
  const note = (call: string): void => void told.calls.push(call);
  const commitOf = (change: ChangeId) => commitId.parse(change.slice(0, 40));
  const proposalOf = (incident: string) => refOf({ proposal: incident });
  const activities: IncidentActivities & MergeActivities & RevertActivities & Pick<TrainingActivities, 'keepLogs'> = {
    async keepLogs({ name }) {
      note(`keepLogs ${name}`);
      if (script.unkept !== undefined) throw script.unkept;
      return (script.logs ?? ['train.log']).map((log) => ({ name: log, object: refOf(log) }));
    },
    async pinBase({ incident, runChain }) {
      note(`pinBase ${incident}`);
      names.set(proposalOf(incident).sha256, incident);
      const { ask = 'critical' } = script;
      return { base: BASE, runChain, at: AT, ask, deadlineMs: 60_000, remindMs: 20_000, hasModel: false };
    },
    async analyseLogs(input) {
      told.analysed.push(input);
      await script.hold;
      return { diagnosis: refOf(input), cause: 'exception', summary: 'It divides by zero.', remedies: ['fix-code'] };
    },
    async reproduce() {
      return { how: 'ran', runner: 'scripted', passing: 1, failing: [] };
    },
    async propose({ incident, tried }) {
      if (tried.length > 0) return { how: 'none', why: 'no remedy is left' };
      return { how: 'proposed', change: changeOf(incident), proposal: proposalOf(incident), with: 'scripted' };
    },
    async judgeChange({ proposal }) {
      const broken = (script.mends ?? (() => true))(names.get(proposal.sha256)!) ? [] : ['a test'];
      const checked = { runner: 'scripted', failToPass: ['t'], passToPass: 1, broken, failing: [], unsteady: [] };
      return { how: 'checked', paths: [], tainted: false, checked: { ...checked, seconds: 0 } };
    },
    reviewChange: async () => ({ how: 'absent', why: 'no model is configured' }),
    lookElsewhere: async () => [],
    async requestMerge({ incident, proposal, asks, tried, paths, elsewhere, ...found }) {
      const change = changeOf(incident.incident);
      const shown = mergeRequest.parse({
        ...{ schema: 'anneal/merge-request/v1', incident: incident.incident, campaign: incident.campaign, proposal },
        ...{ owner: incident.owner, repository: REPOSITORY, change, at: AT, asks, tried, paths, elsewhere, ...found },
      });
      const means = { kind: 'remedy', skill: 'scripted', version: sha256.parse('5'.repeat(64)) };
      const proposed = proposedChange.parse({
        ...{ schema: 'anneal/change/v1', id: change, repository: REPOSITORY, base: BASE, patch: refOf('patch') },
        ...{ title: 'Mend', body: '', by: { role: 'debugger', means }, tainted: false },
      });
      return { request: refOf({ request: incident.incident }), shown, proposed };
    },
    async recordEnd({ end }) {
      told.ends.push(end);
    },
    async considerRevert({ incident, next, runChain }) {
      note(`considerRevert ${incident} ${next.what}`);
      if (script.takesBack?.(incident, next) !== true) return { how: 'keep', why: 'scripted' };
      const of = incidentInput.parse({
        ...{ schema: 'anneal/incident/v1', incident: `${incident}-back`, campaign: null, repository: REPOSITORY },
        ...{ owner: 'somebody', logs: [{ name: 'log', object: refOf('log') }], reportTo: null },
      });
      const checked = { runner: 'scripted', failToPass: [], passToPass: 1, broken: [], failing: [], unsteady: [] };
      const nothing = { elsewhere: [], asks: [], tried: [], paths: [], diagnosis: refOf('diagnosis') };
      const reviewed = { how: 'absent', why: 'scripted' } as const;
      const proposal = proposalOf(of.incident);
      const made = await activities.requestMerge({
        ...{ incident: of, proposal, reviewed, checked: { ...checked, seconds: 0 }, ...nothing },
      });
      return { how: 'revert', why: 'scripted', ...made, runChain, deadlineMs: 60_000, remindMs: 20_000 };
    },
    async recordRevert({ end }) {
      note(`recordRevert ${end.incident} ${end.how}`);
    },
    async rebaseChange({ change }) {
      const commit = commitOf(change);
      const how = script.rebased?.(change) ?? (told.landed.includes(change) ? 'landed' : 'rebased');
      if (how === 'landed') return { how, commit };
      if (how === 'conflict') return { how, paths: ['a.py'] };
      return how === 'nothing-left' ? { how, tip: BASE } : { how, commit, tip: BASE };
    },
    async tryCommit({ commit }) {
      note(`tryCommit ${commit.slice(0, 8)}`);
      await script.trial;
      return { ok: true };
    },
    async landCommit({ change }) {
      note(`landCommit ${change.slice(0, 8)}`);
      const next = landings.shift();
      if (next === 'moved') return { how: 'moved', tip: BASE };
      if (next !== undefined) throw next;
      told.landed.push(change);
      return { how: 'landed', commit: commitOf(change), tag: 'anneal/scripted' };
    },
  };
  return { activities, told };
}

export const machineFault = (): ApplicationFailure => ApplicationFailure.nonRetryable('scripted', 'store.no_space');
