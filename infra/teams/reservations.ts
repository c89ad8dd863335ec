// A team's book in the store: its reservations, and what ended campaigns used. Whoever changes them has read them first: of two changes at once one is made, and the other one
// is decided again on what the first has left.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { TeamName } from '../../contracts/team.ts';
import { reservationsName, type TeamBook, teamReservations } from '../../contracts/team-reservation.ts';

const TRIES = 40;
const LONGEST_WAIT_MS = 250;
const EMPTY: TeamBook = { reservations: [], ended: [] };

export interface Change<T> {
  /** What is kept from now on; undefined leaves everything as it is. */
  readonly next?: TeamBook | undefined;
  readonly result: T;
}

/**
 * @param decide is called again, with what is there by then, each time that somebody else was quicker
 * @throws AnnealError `team.busy` when that happens again and again
 */
export async function changeReservations<T>(
  store: ArtifactStore,
  team: TeamName,
  decide: (book: TeamBook) => Promise<Change<T>>,
): Promise<T> {
  const key = reservationsName(team);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await store.readNamed(key);
    const { next, result } = await decide(found === undefined ? EMPTY : read(key, team, found.bytes));
    if (next === undefined) return result;
    const document = teamReservations.parse({ schema: 'anneal/team-reservations/v1', team, ...next });
    if (await store.swapNamed(key, found?.tag ?? null, canonicalJson(document))) return result;
    await sleep(Math.random() * LONGEST_WAIT_MS);
  }
  throw new AnnealError('team.busy', `team ${team}: its reservations were changed by others ${TRIES} times in a row`);
}

function read(key: string, team: TeamName, bytes: Uint8Array): TeamBook {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    document = undefined;
  }
  const parsed = teamReservations.safeParse(document);
  if (!parsed.success || parsed.data.team !== team)
    throw new AnnealError('store.corrupt_object', `${key} does not hold the reservations of ${team}`);
  const { reservations, ended } = parsed.data;
  return { reservations, ended };
}
