// A campaign's place in its team's quota: reserved before anything is stored, made sure of again directly before the start. Between the
// two a command may take long or be killed; policies/team-reservations.ts says what its reservation counts meanwhile.
import { randomUUID } from 'node:crypto';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import type { CampaignState } from '../../contracts/record.ts';
import type { TeamSpec } from '../../contracts/team.ts';
import type { Reservation } from '../../contracts/team-reservation.ts';
import { changeReservations } from '../../infra/teams/reservations.ts';
import type { BeforeStart, Campaigns } from '../../infra/temporal/campaigns.ts';
import type { NewestRun } from '../../infra/temporal/newest-run.ts';
import type { Use } from '../../policies/team-quota.ts';
import { askForPlace, freeAt, type Request, renewPlace, type Seen } from '../../policies/team-reservations.ts';
import { gpusOf, keptProfile } from './profile.ts';

export interface Known {
  readonly campaigns: Pick<Campaigns, 'list' | 'spec' | 'savedState' | 'newestRun'>;
  readonly store: ArtifactStore;
}

export interface Admission {
  readonly team: TeamSpec;
  /** Does what the place was asked for. Where that has not come to its start, the place is given back. */
  hold<T>(work: (beforeStart: BeforeStart) => Promise<T>): Promise<T>;
}

/** @throws AnnealError `team.quota`, with what is short and what is only reserved; `team.busy` */
export async function reserve(team: TeamSpec, asked: Omit<Request, 'attempt'>, known: Known): Promise<Admission> {
  const request: Request = { ...asked, attempt: randomUUID() };
  const { attempt, workflow } = request;

  /** @returns 'runs' where nothing was reserved, since another attempt has started it */
  const admit = (): ReturnType<BeforeStart> =>
    changeReservations(known.store, team.name, async (book) => {
      // From before the look, since what has expired by then was started before, or never.
      const now = Date.now();
      // After the book was read: whatever is started meanwhile is reserved in it, or the swap fails.
      const seen = await look(team, book.reservations, workflow, known);
      const { ruling, waiting, next } = askForPlace(team, request, book, seen, isPilot, now);
      if (ruling.allowed) return { next, result: next === undefined ? 'runs' : 'start' };
      const why = [...ruling.shortages.map((shortage) => shortage.why), ...hint(waiting)].join('; ');
      throw new AnnealError('team.quota', `team ${team.name}: ${why}`);
    });

  /** The command may have been slower than its reservation lasts: then it is admitted anew, or not. */
  async function renew(): ReturnType<BeforeStart> {
    const how = await changeReservations<'start' | 'runs' | 'lost'>(known.store, team.name, async (book) => {
      const next = renewPlace(attempt, book, await known.campaigns.newestRun(workflow), Date.now());
      return typeof next === 'string' ? { result: next } : { next, result: 'start' };
    });
    return how === 'lost' ? admit() : how;
  }

  const giveBack = (): Promise<void> =>
    changeReservations<void>(known.store, team.name, async ({ reservations: held, ended }) => {
      const rest = held.filter((one) => one.attempt !== attempt);
      return { next: rest.length < held.length ? { reservations: rest, ended } : undefined, result: undefined };
    });

  await admit();
  return {
    team,
    async hold(work) {
      // Once the start was asked for, a failure does not tell that nothing was started: what was not expires.
      let asked = false;
      try {
        return await work(async () => {
          const how = await renew();
          asked = how === 'start';
          return how;
        });
      } finally {
        // What goes wrong here must not hide how the work went; it expires.
        if (!asked) await giveBack().catch(() => undefined);
      }
    },
  };
}

async function look(
  team: TeamSpec,
  held: readonly Reservation[],
  workflow: string,
  { campaigns, store }: Known,
): Promise<Seen> {
  const listed = new Map((await campaigns.list()).map(({ name, owner }) => [name, owner]));
  const owners = new Map([
    ...held.filter((one) => !isPilot(one)).map((one) => [one.campaign, one.owner] as const),
    ...listed,
  ]);
  const ours = [...owners].filter(([, owner]) => team.members.includes(owner));
  const workflows = [workflow, ...held.map((one) => one.workflow), ...ours.map(([name]) => workflowOf(name))];
  const executions = new Map(
    await Promise.all([...new Set(workflows)].map(async (id) => [id, await campaigns.newestRun(id)] as const)),
  );
  const uses = await Promise.all(
    ours.map(([name, owner]) => useOf(name as CampaignName, owner, executions.get(workflowOf(name)))),
  );
  return { executions, uses: uses.filter((use) => use !== undefined) };

  /** A campaign as it stands, by Temporal's newest run of it and by what the store has of it; undefined when it never began. */
  async function useOf(campaign: CampaignName, owner: string, newest: NewestRun | undefined): Promise<Use | undefined> {
    const state = await campaigns.savedState(campaign);
    // Of what waits to be started for the first time the store may have nothing yet.
    if (!listed.has(campaign) && newest === undefined && state === undefined) return undefined;
    const spec = await campaigns.spec(campaign);
    const running = newest?.running === true;
    return {
      ...{ campaign, owner },
      gpus: running ? gpusOf(await keptProfile(store, campaign)) : 0,
      tokens: spec.budget.tokens,
      spent: state?.tokens ?? 0,
      endedAt: running ? undefined : (newest?.closedAt?.getTime() ?? lastSeen(state)),
    };
  }
}

/** Where Temporal has forgotten when it ended: when it began, and the time of all its stages, waiting for humans included. */
const lastSeen = (state: CampaignState | undefined): number =>
  state === undefined
    ? 0
    : Date.parse(state.startedAt) + 1000 * state.stages.reduce((sum, one) => sum + one.seconds, 0);

const workflowOf = (campaign: string): string => campaignWorkflowId(campaign as CampaignName);
const isPilot = ({ campaign, workflow }: Reservation): boolean => workflow !== workflowOf(campaign);

function hint(waiting: readonly Reservation[]): string[] {
  const until = freeAt(waiting);
  if (until === undefined) return [];
  const names = [...new Set(waiting.map(({ campaign }) => campaign))].join(', ');
  return [`${names} counted as reserved; what is not started by ${new Date(until).toISOString()} counts no more`];
}
