// Whether an owner may submit a campaign now, given the teams and what runs. What a running campaign may still use counts as used:
// a quota is never overrun by campaigns that were all admitted while they were small.
import type { TeamSpec } from '../contracts/team.ts';
import { durationMs } from '../contracts/units.ts';

export interface Demand {
  readonly campaign: string;
  readonly owner: string;
  /** Held at once, trainer and policy servers together. 0 on one machine. */
  readonly gpus: number;
  /** The campaign's token budget. */
  readonly tokens: number;
  readonly cluster: boolean;
}

/** A campaign as it stands. */
export interface Use {
  readonly campaign: string;
  readonly owner: string;
  readonly gpus: number;
  readonly tokens: number;
  /** Tokens that it has generated. */
  readonly spent: number;
  /** In milliseconds since 1970; undefined while it runs. */
  readonly endedAt: number | undefined;
}

export interface Shortage {
  readonly what: 'member' | 'cluster' | 'campaigns' | 'gpus' | 'tokens';
  readonly why: string;
}

export type QuotaRuling =
  | { readonly allowed: true; readonly team: TeamSpec }
  | { readonly allowed: false; readonly team: TeamSpec | undefined; readonly shortages: readonly Shortage[] };

export const teamOf = (teams: readonly TeamSpec[], owner: string): TeamSpec | undefined =>
  teams.find(({ members }) => members.includes(owner));

export function notMember(teams: readonly TeamSpec[], owner: string): string {
  const names = teams.map(({ name }) => name).join(', ');
  return `${owner} is in no team; there are ${names}`;
}

/** Everything that stands against it, not only the first. A campaign that is submitted again does not count beside itself. */
export function maySubmit(teams: readonly TeamSpec[], demand: Demand, uses: readonly Use[], now: number): QuotaRuling {
  const team = teamOf(teams, demand.owner);
  if (team === undefined) {
    return { allowed: false, team, shortages: [{ what: 'member', why: notMember(teams, demand.owner) }] };
  }
  const { quota } = team;
  const own = uses.filter(({ owner, campaign }) => team.members.includes(owner) && campaign !== demand.campaign);
  const running = own.filter(({ endedAt }) => endedAt === undefined);
  const shortages: Shortage[] = [];
  if (demand.cluster && team.kubernetes === undefined)
    shortages.push({ what: 'cluster', why: 'it has no Kubernetes namespace' });
  if (running.length + 1 > quota.campaigns)
    shortages.push({ what: 'campaigns', why: `${running.length} of ${quota.campaigns} campaigns run already` });
  const gpus = sum(running, (use) => use.gpus);
  if (demand.gpus > 0 && gpus + demand.gpus > quota.gpus)
    shortages.push({ what: 'gpus', why: `${short(demand.gpus, gpus, quota.gpus)} GPUs` });
  const tokens = countedTokens(own, quota, now);
  if (tokens + demand.tokens > quota.tokens)
    shortages.push({ what: 'tokens', why: `${short(demand.tokens, tokens, quota.tokens)} tokens in ${quota.window}` });
  return shortages.length === 0 ? { allowed: true, team } : { allowed: false, team, shortages };
}

/** Of a running campaign its whole budget, or what it has used where that is more; of an ended one what it used, within the window. */
function countedTokens(uses: readonly Use[], quota: TeamSpec['quota'], now: number): number {
  return sum(uses, ({ endedAt, tokens, spent }) => {
    if (endedAt === undefined) return Math.max(tokens, spent);
    return now < countsUntil(quota, endedAt) ? spent : 0;
  });
}

/** In milliseconds since 1970. */
export const countsUntil = (quota: TeamSpec['quota'], endedAt: number): number => endedAt + durationMs(quota.window);

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);
const short = (wanted: number, used: number, quota: number): string =>
  `${count(wanted)} are asked for, ${count(Math.max(0, quota - used))} are left of ${count(quota)}`;
/** Thousands apart, without Intl: its tables differ between machines. */
const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
