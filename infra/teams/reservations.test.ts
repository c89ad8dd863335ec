import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { teamName } from '../../contracts/team.ts';
import { reservation, reservationsName, type TeamBook } from '../../contracts/team-reservation.ts';
import { createFolderStore } from '../store/folder.ts';
import { changeReservations } from './reservations.ts';

const team = teamName.parse('vision');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-reservations-'));
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** A store in which somebody else is quicker, so many times. */
function contended(times: number): { store: ArtifactStore; swaps: () => number } {
  const real = createFolderStore(folder);
  let swaps = 0;
  const store: ArtifactStore = {
    ...real,
    async swapNamed(key, tag, bytes) {
      swaps += 1;
      if (swaps <= times) {
        const other = { schema: 'anneal/team-reservations/v1', team, reservations: [], ended: [] };
        await real.swapNamed(key, (await real.readNamed(key))?.tag ?? null, canonicalJson(other));
      }
      return real.swapNamed(key, tag, bytes);
    },
  };
  return { store, swaps: () => swaps };
}

const MINE = reservation.parse({
  ...{ attempt: randomUUID(), campaign: 'mine', owner: 'somebody', gpus: 0, tokens: 0, workflow: 'campaign/mine' },
  ...{ at: new Date().toISOString(), before: null },
});
const nothing: TeamBook = { reservations: [], ended: [] };

test('a change that others overtake is decided again on what they left, until it is made', async () => {
  const { store, swaps } = contended(3);
  const decide = vi.fn(async () => ({ next: nothing, result: 'made' }));
  expect(await changeReservations(store, team, decide)).toBe('made');
  expect([decide.mock.calls.length, swaps()]).toEqual([4, 4]);
});

test('one that is overtaken for ever says so, and has changed nothing', async () => {
  const { store, swaps } = contended(Number.POSITIVE_INFINITY);
  const mine = async () => ({ next: { ...nothing, reservations: [MINE] }, result: 'made' });
  await expect(changeReservations(store, team, mine)).rejects.toMatchObject({ code: 'team.busy' });
  expect(swaps()).toBe(40);
  expect(new TextDecoder().decode((await store.readNamed(reservationsName(team)))?.bytes)).not.toContain('mine');
});
