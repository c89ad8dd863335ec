// Hostile programs in the sandbox: none escapes, and what lies outside is as it was.

import { readdirSync, readFileSync, type StatsFs, statfsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../contracts/ports.ts';
import { ATTACKS, holesIn, requestOf } from '../../infra/sandbox/attacks.fixture.ts';
import type { Figure, Tell } from './figure.ts';
import { foundIn, PLACES, plant } from './peek.ts';

const LEAST_ATTACKS = 25;
const RUNS = 1_000;
/** What other work on the machine writes meanwhile is not an attack's: that grows again whenever it is tried. */
const DISK_SLACK = 32 * 2 ** 20;
const TRIES = 4;
const INODE_SLACK = 2_000;
/** Where an attack's own files would be, were they the host's. */
const WRITABLE = ['/tmp', '/dev/shm', '/var/tmp', '/'];
const CANARY = 'canary-that-no-program-may-read';

export async function sandboxFigures(sandbox: Sandbox, tell: Tell): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-accept-'));
  try {
    return [...(await attacked(sandbox, folder, tell)), ...(await peeked(sandbox, tell))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function attacked(sandbox: Sandbox, folder: string, tell: Tell): Promise<Figure[]> {
  const canary = join(folder, 'canary');
  await writeFile(canary, CANARY);
  // Nothing but the sandbox stands between an attack and this file, whose path it is told.
  await chmod(folder, 0o777);
  await chmod(canary, 0o666);
  const holes: string[] = [];
  const left: string[] = [];
  for (const [index, attack] of ATTACKS.entries()) {
    tell(`attack ${index + 1} of ${ATTACKS.length}: ${attack.name}`);
    const marker = `accept-${process.pid}-${index}`;
    for (let tries = 1; ; tries += 1) {
      const before = statfsSync(folder);
      const result = await sandbox.run(requestOf(attack, marker, canary));
      const grown = growth(before, statfsSync(folder));
      if (holesIn(attack, result).length > 0) holes.push(attack.name);
      left.push(...processesWith(marker), ...filesWith(marker, [folder, ...WRITABLE]));
      if (grown === undefined) break;
      if (tries < TRIES) continue;
      left.push(`${grown} by: ${attack.name}`);
      break;
    }
  }
  const kept = (await readFile(canary, 'utf8')) === CANARY;
  return [
    {
      name: 'attacks that are tried',
      value: `${ATTACKS.length}`,
      bound: `≥ ${LEAST_ATTACKS}`,
      holds: ATTACKS.length >= LEAST_ATTACKS,
    },
    {
      name: 'attacks that are not contained',
      value: holes.length === 0 ? '0' : holes.join('; '),
      bound: '0',
      holds: holes.length === 0,
    },
    {
      name: 'what they leave outside',
      value: `${left.length === 0 ? 'no process, file or space' : left.join('; ')}, canary ${kept ? 'untouched' : 'changed'}`,
      bound: 'nothing',
      holds: left.length === 0 && kept,
    },
  ];
}

/** @returns what a run took of the disk, where that is more than chance */
function growth(before: StatsFs, after: StatsFs): string | undefined {
  const bytes = (before.bavail - after.bavail) * before.bsize;
  // Some file systems count no inodes.
  const inodes = before.files === 0 ? 0 : before.ffree - after.ffree;
  if (bytes < DISK_SLACK && inodes < INODE_SLACK) return undefined;
  return `${Math.round(bytes / 2 ** 20)} MiB and ${inodes} inodes`;
}

/** Every program finds it where there is no sandbox, or the thousand that do not find it say nothing. */
async function peeked(sandbox: Sandbox, tell: Tell): Promise<Figure[]> {
  const planted = await plant(CANARY);
  const found = new Map<string, number>();
  let seen = 0;
  try {
    const outside = await planted.outside();
    const missed = PLACES.filter((place) => !outside.includes(place));
    for (let run = 1; run <= RUNS; run += 1) {
      const places = foundIn((await sandbox.run(planted.request)).stdout);
      if (places.length > 0) seen += 1;
      for (const place of places) found.set(place, (found.get(place) ?? 0) + 1);
      if (run % 100 === 0) tell(`${run} of ${RUNS} programs looked for the canary`);
    }
    const where = [...found].map(([place, times]) => `${place} ×${times}`).join('; ');
    return [
      {
        name: 'places at which a program finds the canary without a sandbox',
        value: `${PLACES.length - missed.length}${missed.length === 0 ? '' : ` (not: ${missed.join('; ')})`}`,
        bound: `${PLACES.length}`,
        holds: missed.length === 0,
      },
      {
        name: `of ${RUNS} programs, those that find the canary`,
        value: `${seen}${seen === 0 ? '' : ` (${where})`}`,
        bound: '0',
        holds: seen === 0,
      },
    ];
  } finally {
    await planted.remove();
  }
}

/** Processes anywhere on the machine whose command line holds the marker. */
function processesWith(marker: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(marker);
    } catch {
      return false;
    }
  });
}

const filesWith = (marker: string, folders: readonly string[]): string[] =>
  folders.flatMap((folder) => readdirSync(folder).filter((name) => name.includes(marker)));
