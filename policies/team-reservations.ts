// Whether a campaign gets a place in its team's quota, given what is reserved and what runs. A reservation stands before its workflow
// is started and for as long as that workflow runs, so that a campaign counts from the moment it is admitted, whatever Temporal's list
// shows yet. Nothing is over its quota as long as every start is asked for within RESERVED_MS of its reservation or its renewal.
import type { TeamSpec } from '../contracts/team.ts';
import type { Reservation } from '../contracts/team-reservation.ts';
import { type Demand, maySubmit, type QuotaRuling, type Use } from './team-quota.ts';

/** How long a reservation counts whose workflow was not started: its command was killed, or is about to find out that it was too slow. */
export const RESERVED_MS = 10 * 60_000;

/** The newest run of a workflow, asked by its id: unlike a list, the answer is never behind. */
export interface Execution {
  readonly run: string;
  readonly running: boolean;
}

/** waiting: not started yet. over: started since, and closed. expired: not started, and no longer expected. */
export type Standing = 'waiting' | 'running' | 'over' | 'expired';

/** What was looked at after the reservations were read. */
export interface Seen {
  /** By workflow id; absent: Temporal does not know it. */
  readonly executions: ReadonlyMap<string, Execution | undefined>;
  /** Campaigns that Temporal's list shows. */
  readonly listed: ReadonlySet<string>;
  /** Of every campaign of the team that is listed, or was started under a reservation. */
  readonly uses: readonly Use[];
}

/** Who asks, and what is started when it is admitted. */
export type Request = Demand & Pick<Reservation, 'attempt' | 'campaign' | 'workflow'>;

export interface Place {
  readonly ruling: QuotaRuling;
  /** Those of the team that may still be started. */
  readonly waiting: readonly Reservation[];
  /** What is on record from now on; undefined where nothing is reserved: it was refused, or runs already. */
  readonly next: readonly Reservation[] | undefined;
}

/** @param now in milliseconds since 1970 */
export function standingOf(reservation: Reservation, execution: Execution | undefined, now: number): Standing {
  if (execution?.running === true) return 'running';
  if (execution !== undefined && execution.run !== reservation.before) return 'over';
  // Either way: one from a clock far ahead must not stand until that clock is reached.
  return Math.abs(now - Date.parse(reservation.at)) < RESERVED_MS ? 'waiting' : 'expired';
}

/** @param isPilot a pilot has no record of its own: it counts with what was asked for until it is over */
export function askForPlace(
  team: TeamSpec,
  request: Request,
  held: readonly Reservation[],
  { executions, listed, uses }: Seen,
  isPilot: (one: Reservation) => boolean,
  now: number,
): Place {
  const others = held
    .filter(({ attempt }) => attempt !== request.attempt)
    .map((one) => ({ one, standing: standingOf(one, executions.get(one.workflow), now) }));
  const ofTeam = ({ owner }: { readonly owner: string }): boolean => team.members.includes(owner);
  const reserved = others
    .filter(({ one, standing }) => standing === 'waiting' || (standing === 'running' && isPilot(one)))
    .map(({ one }) => reservedUse(one));
  const ruling = maySubmit([team], request, mergeUses([...uses, ...reserved].filter(ofTeam)), now);
  const waiting = others
    .filter(({ one, standing }) => standing === 'waiting' && ofTeam(one) && one.campaign !== request.campaign)
    .map(({ one }) => one);
  const newest = executions.get(request.workflow);
  // What runs is on record by the attempt that started it; nothing will be started by this one.
  if (!ruling.allowed || newest?.running === true) return { ruling, waiting, next: undefined };
  const kept = others
    .filter(({ one, standing }) => staysOnRecord(standing, isPilot(one) || listed.has(one.campaign)))
    .map(({ one }) => one);
  const { attempt, campaign, owner, gpus, tokens, workflow } = request;
  const own = { attempt, campaign, owner, gpus, tokens, workflow };
  return { ruling, waiting, next: [...kept, { ...own, at: new Date(now).toISOString(), before: newest?.run ?? null }] };
}

/**
 * Directly before the start. As long as it is on record nobody was admitted in its place, however old it is.
 * @returns 'runs' where another attempt has started it and nothing may be started by this one, 'lost' where a place has to be asked for anew
 */
export function renewPlace(
  attempt: string,
  held: readonly Reservation[],
  newest: Execution | undefined,
  now: number,
): readonly Reservation[] | 'runs' | 'lost' {
  const mine = held.find((one) => one.attempt === attempt);
  if (mine === undefined) return 'lost';
  const renewed: Reservation = { ...mine, at: new Date(now).toISOString() };
  const standing = standingOf(renewed, newest, now);
  if (standing === 'waiting') return held.map((one) => (one === mine ? renewed : one));
  return standing === 'running' ? 'runs' : 'lost';
}

/**
 * One that is over uses no GPU any more, but is kept until the list shows its campaign: the tokens that it used are found by that list.
 */
function staysOnRecord(standing: Standing, listed: boolean): boolean {
  return standing === 'waiting' || standing === 'running' || (standing === 'over' && !listed);
}

/** One use a campaign: what stands under several attempts, as a pilot and in the list is the same campaign, at its largest. */
function mergeUses(uses: readonly Use[]): Use[] {
  const largest = (of: (use: Use) => number, same: readonly Use[]): number => Math.max(...same.map(of));
  return [...Map.groupBy(uses, ({ campaign }) => campaign)].map(([campaign, same]) => ({
    ...{ campaign, owner: same[0]!.owner },
    gpus: largest(({ gpus }) => gpus, same),
    tokens: largest(({ tokens }) => tokens, same),
    spent: largest(({ spent }) => spent, same),
    endedAt: same.some(({ endedAt }) => endedAt === undefined) ? undefined : largest(({ endedAt }) => endedAt!, same),
  }));
}

const reservedUse = ({ campaign, owner, gpus, tokens }: Reservation): Use => ({
  ...{ campaign, owner, gpus, tokens },
  spent: 0,
  endedAt: undefined,
});

/** When the last of those that wait is given up; undefined when none does. */
export function freeAt(waiting: readonly Reservation[]): number | undefined {
  return waiting.length === 0 ? undefined : Math.max(...waiting.map(({ at }) => Date.parse(at))) + RESERVED_MS;
}
