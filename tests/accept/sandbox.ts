// Hostile programs in the sandbox: none escapes, and what lies outside is as it was.

import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../contracts/ports.ts';
import { ATTACKS, holesIn, requestOf } from '../../infra/sandbox/attacks.fixture.ts';
import type { Figure, Tell } from './figure.ts';

const LEAST_ATTACKS = 25;
const RUNS = 1_000;
/** What other work on the machine writes meanwhile is not the sandbox's. */
const DISK_SLACK = 64 * 2 ** 20;
const CANARY = 'canary-that-no-program-may-read';

/** Looks for the canary wherever a process may look: its own memory of the environment, process 1's, descriptors, links. */
const PEEK = `
import os
seen = []
for path in ['/proc/1/environ', '/proc/self/environ', '/proc/1/cmdline', '/work/../proc/1/environ', '/dev/fd', '/etc/hostname']:
    try: seen.append(open(path, 'rb').read().decode('latin1'))
    except OSError: pass
for fd in range(256):
    try: seen.append(os.pread(fd, 65536, 0).decode('latin1'))
    except OSError: pass
    try: seen.append(os.readlink('/proc/self/fd/%d' % fd))
    except OSError: pass
for top, folders, files in os.walk('/work'):
    for name in files + folders:
        try: seen.append(os.readlink(os.path.join(top, name)))
        except OSError: pass
seen.append(repr(dict(os.environ)))
print('SEEN' if '${CANARY}' in ''.join(seen) else 'nothing')
`;

export async function sandboxFigures(sandbox: Sandbox, tell: Tell): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-accept-'));
  try {
    return [...(await attacked(sandbox, folder, tell)), await peeked(sandbox, folder, tell)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function attacked(sandbox: Sandbox, folder: string, tell: Tell): Promise<Figure[]> {
  const canary = join(folder, 'canary');
  await writeFile(canary, CANARY);
  const free = (): number => statfsSync(folder).bavail * statfsSync(folder).bsize;
  const before = free();
  const holes: string[] = [];
  const left: string[] = [];
  for (const [index, attack] of ATTACKS.entries()) {
    tell(`attack ${index + 1} of ${ATTACKS.length}: ${attack.name}`);
    const marker = `accept-${process.pid}-${index}`;
    const result = await sandbox.run(requestOf(attack, marker));
    if (holesIn(attack, result).length > 0) holes.push(attack.name);
    left.push(...processesWith(marker));
  }
  const kept = (await readFile(canary, 'utf8')) === CANARY;
  const lost = before - free();
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
      value: `${left.length} processes, ${Math.max(0, Math.round(lost / 2 ** 20))} MiB, canary ${kept ? 'untouched' : 'changed'}`,
      bound: 'nothing',
      holds: left.length === 0 && kept && lost < DISK_SLACK,
    },
  ];
}

async function peeked(sandbox: Sandbox, folder: string, tell: Tell): Promise<Figure> {
  // In our own environment and in an open file, where a careless sandbox would pass it on.
  process.env.ANNEAL_ACCEPT_CANARY = CANARY;
  await writeFile(join(folder, 'open'), CANARY);
  let seen = 0;
  const request = {
    argv: ['python3', '-s', '-P', '-S', '-B', 'peek.py'] as const,
    files: { 'peek.py': PEEK },
    stdin: '',
    limits: { wallMs: 10_000, memoryBytes: 256 * 2 ** 20, diskBytes: 0, processes: 8, outputBytes: 4_096 },
  };
  try {
    for (let run = 1; run <= RUNS; run += 1) {
      const { stdout } = await sandbox.run({ ...request, argv: [...request.argv] });
      if (stdout.trim() !== 'nothing') seen += 1;
      if (run % 100 === 0) tell(`${run} of ${RUNS} programs looked for the canary`);
    }
  } finally {
    delete process.env.ANNEAL_ACCEPT_CANARY;
  }
  return { name: `of ${RUNS} programs, those that find the canary`, value: `${seen}`, bound: '0', holds: seen === 0 };
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
