// How the components of a testbed are, from the outside.
import { readFileSync } from 'node:fs';
import { isAlive } from '../../infra/process/identity.ts';
import type { Layout } from './options.ts';
import { readState } from './state.ts';

export interface ComponentStatus {
  readonly name: string;
  readonly state: 'running' | 'dead';
  readonly pid: number;
  readonly address: string | null;
  readonly memoryBytes: number | null;
  readonly log: string;
}

/** Empty when there is no testbed. */
export function statusOf(layout: Layout): ComponentStatus[] {
  return (readState(layout)?.processes ?? [])
    .filter(({ name }) => name !== 'keeper')
    .map((one) => {
      const alive = isAlive(one);
      return {
        name: one.name,
        state: alive ? 'running' : 'dead',
        pid: one.pid,
        address: one.address ?? null,
        memoryBytes: alive ? residentBytes(one.pid) : null,
        log: one.log,
      };
    });
}

function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

export function table(rows: readonly ComponentStatus[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.state,
    row.state === 'running' ? `${row.pid}` : '–',
    row.memoryBytes === null ? '–' : `${Math.round(row.memoryBytes / 1e6)} MB`,
    row.address ?? '–',
  ]);
  const lines = [['component', 'state', 'pid', 'memory', 'address'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => (column === 4 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '))
    .join('\n');
}
