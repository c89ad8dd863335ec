// The ports of the stack: chosen once, kept in run/ports.json, replaced when a stranger has taken one meanwhile.
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Config, Ports } from '../config.ts';
import { readJson, writeJson } from './json-file.ts';

/** Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes a port while the stack is down. */
const RANGE = [20_000, 32_000] as const;

export type PortName = keyof Ports;
const number = z.int().min(1).max(65_535);
const keptPorts = z.object({ temporal: number, temporalUi: number, policy: number, gateway: number }).partial();

/**
 * The ports to start with; call it while the stack is down. Ports that are given are never replaced.
 * @throws AnnealError `stack.port_in_use` naming the holder of a given port
 */
export async function choosePorts(config: Config, names: readonly PortName[]): Promise<Partial<Ports>> {
  const path = join(config.paths.run, 'ports.json');
  const kept = (await readJson(path, keptPorts)) ?? {};
  const chosen: Partial<Record<PortName, number>> = {};
  const taken = new Set<number>(names.flatMap((name) => config.ports[name] ?? []));
  for (const name of names) {
    const given = config.ports[name];
    if (given !== undefined) {
      if (Object.values(chosen).includes(given) || !(await isFree(given))) {
        throw new AnnealError(
          'stack.port_in_use',
          `port ${given} (${name}) is held by ${holderOf(given) ?? 'another part'}`,
        );
      }
      chosen[name] = given;
      continue;
    }
    const old = kept[name];
    chosen[name] = old !== undefined && !taken.has(old) && (await isFree(old)) ? old : await freePort(taken);
    taken.add(chosen[name]);
  }
  await writeJson(path, { ...kept, ...chosen });
  return chosen;
}

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(...RANGE);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new AnnealError('stack.port_in_use', `no free port found between ${RANGE[0]} and ${RANGE[1]}`);
}

/** Whether 127.0.0.1:port can be listened on. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => done(true)));
  });
}

/** `python3 (pid 4711)` for the process that listens on a TCP port, as far as this user may see. */
export function holderOf(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readOrEmpty(table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      // Field 1 is the local address, field 3 the state (0A: listening), field 9 the socket's inode.
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A') inodes.add(`socket:[${fields[9]}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).some((file) => inodes.has(file))) {
      return `${readOrEmpty(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
    }
  }
  return 'a process of another user';
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
