// Whether a campaign gets a place in its team's quota, given what is reserved, what runs and what was used. A reservation stands before
// its workflow is started and for as long as that workflow runs, so that a campaign counts from the moment it is admitted, whatever
// Temporal's list shows yet; what has ended is remembered while its tokens count, whatever Temporal has forgotten. Nothing is over its quota as long as every start is asked for within RESERVED_MS of its reservation or its renewal.
import type { TeamSpec } from '../contracts/team.ts';
import type { EndedUse, Reservation, TeamBook } from '../contracts/team-reservation.ts';
import { countsUntil, type Demand, maySubmit, type QuotaRuling, type Use } from './team-quota.ts';

/** How long a reservation counts whose workflow was not started: its command was killed, or is about to find out that it was too slow. */
export const RESERVED_MS = 10 * 60_000;

/** The newest run of a workflow, asked by its id: unlike a list, the answer is never behind. */
export interface Execution {
  readonly run: string;
  readonly running: boolean;
}

/** waiting: not started yet. over: started since, and closed. expired: not started, and no longer expected. */
export type Standing = 'waiting' | 'running' | 'over' | 'expired';

/** What was looked at after the book was read. */
export interface Seen {
  /** By workflow id; absent: Temporal does not know it. */
  readonly executions: ReadonlyMap<string, Execution | undefined>;
  /** Of every campaign of the team that Temporal's list shows, or that was started under a reservation. */
  readonly uses: readonly Use[];
}

/** Who asks, and what is started when it is admitted. */
export type Request = Demand & Pick<Reservation, 'attempt' | 'campaign' | 'workflow'>;

export interface Place {
  readonly ruling: QuotaRuling;
  /** Those of the team that may still be started. */
  readonly waiting: readonly Reservation[];
  /** What is on record from now on; undefined where nothing is reserved: it was refused, or runs already. */
  readonly next: TeamBook | undefined;
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
  book: TeamBook,
  { executions, uses }: Seen,
  isPilot: (one: Reservation) => boolean,
  now: number,
): Place {
  const others = book.reservations
    .filter(({ attempt }) => attempt !== request.attempt)
    .map((one) => ({ one, standing: standingOf(one, executions.get(one.workflow), now) }));
  const ofTeam = ({ owner }: { readonly owner: string }): boolean => team.members.includes(owner);
  const known = mergeUses([...uses, ...book.ended.map(rememberedUse)]).filter(ofTeam);
  const reserved = others
    .filter(({ one, standing }) => standing === 'waiting' || (standing === 'running' && isPilot(one)))
    .map(({ one }) => reservedUse(one))
    .filter(ofTeam);
  const ruling = maySubmit([team], request, mergeUses([...known, ...reserved]), now);
  const waiting = others
    .filter(({ one, standing }) => standing === 'waiting' && ofTeam(one) && one.campaign !== request.campaign)
    .map(({ one }) => one);
  const newest = executions.get(request.workflow);
  // What runs is on record by the attempt that started it; nothing will be started by this one.
  if (!ruling.allowed || newest?.running === true) return { ruling, waiting, next: undefined };
  const kept = others.filter(({ standing }) => standing === 'waiting' || standing === 'running').map(({ one }) => one);
  const { attempt, campaign, owner, gpus, tokens, workflow } = request;
  const own = { attempt, campaign, owner, gpus, tokens, workflow };
  const place: Reservation = { ...own, at: new Date(now).toISOString(), before: newest?.run ?? null };
  return { ruling, waiting, next: { reservations: [...kept, place], ended: known.flatMap(remembered(team, now)) } };
}

/**
 * Directly before the start. As long as it is on record nobody was admitted in its place, however old it is.
 * @returns 'runs' where another attempt has started it and nothing may be started by this one, 'lost' where a place has to be asked for anew
 */
export function renewPlace(
  attempt: string,
  book: TeamBook,
  newest: Execution | undefined,
  now: number,
): TeamBook | 'runs' | 'lost' {
  const mine = book.reservations.find((one) => one.attempt === attempt);
  if (mine === undefined) return 'lost';
  const renewed: Reservation = { ...mine, at: new Date(now).toISOString() };
  const standing = standingOf(renewed, newest, now);
  if (standing === 'waiting')
    return { ...book, reservations: book.reservations.map((one) => (one === mine ? renewed : one)) };
  return standing === 'running' ? 'runs' : 'lost';
}

/** What has ended, for as long as its tokens count. One that runs is found by its reservation. */
const remembered =
  (team: TeamSpec, now: number) =>
  ({ campaign, owner, spent, endedAt }: Use): EndedUse[] =>
    endedAt === undefined || spent === 0 || now >= countsUntil(team.quota, endedAt)
      ? []
      : [{ campaign: campaign as EndedUse['campaign'], owner, spent, endedAt: new Date(endedAt).toISOString() }];

const rememberedUse = ({ campaign, owner, spent, endedAt }: EndedUse): Use => ({
  ...{ campaign, owner, spent, endedAt: Date.parse(endedAt) },
  ...{ gpus: 0, tokens: 0 },
});

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
