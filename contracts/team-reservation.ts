// What a team's quota has been promised to, and what ended campaigns used of it: one document a team, changed by compare-and-swap only.
import { z } from 'zod';
import { campaignName } from './ids.ts';
import { type TeamName, teamName } from './team.ts';

export const reservation = z.strictObject({
  /** One call of one command. Two calls for the same campaign each have theirs, so that neither takes the other's away. */
  attempt: z.uuid(),
  campaign: campaignName,
  owner: z.string().min(1).max(100),
  gpus: z.int().min(0),
  tokens: z.int().min(0),
  /** When it was made or last renewed. */
  at: z.iso.datetime(),
  /** What is to be started under it: a campaign's workflow or a pilot's. */
  workflow: z.string().min(1),
  /** The newest run of that workflow when the reservation was made: while it still is the newest, nothing was started. */
  before: z.string().nullable(),
});
export type Reservation = z.infer<typeof reservation>;

/** A campaign that has ended, remembered for as long as its tokens count: Temporal may forget it earlier. */
export const endedUse = z.strictObject({
  campaign: campaignName,
  owner: z.string().min(1).max(100),
  /** Tokens that it generated. */
  spent: z.int().min(0),
  endedAt: z.iso.datetime(),
});
export type EndedUse = z.infer<typeof endedUse>;

export const teamReservations = z.strictObject({
  schema: z.literal('anneal/team-reservations/v1'),
  team: teamName,
  reservations: z.array(reservation),
  ended: z.array(endedUse).default([]),
});
/** What of it changes. */
export type TeamBook = Readonly<Pick<z.infer<typeof teamReservations>, 'reservations' | 'ended'>>;

/** The store's name of a team's reservations. */
export const reservationsName = (team: TeamName): string => `teams/${team}/reservations`;
