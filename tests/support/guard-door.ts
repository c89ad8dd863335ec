// The guard of the rollout image, the real one, before a scripted vLLM server: guard_door.py in one process for all of this one's.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/** What became of a request for a completion. `sample`: the server's id of it, empty where the guard answered. */
export interface DoorAnswer {
  readonly status: number;
  readonly sample: string;
}

export interface GuardDoor {
  readonly port: number;
  /** As the process that it is part of dies: whoever waits is cut off, and what it had learned is gone. */
  shut(): Promise<void>;
  /** On the port that it had. */
  reopen(): Promise<void>;
}

const answered = z.strictObject({ port: z.int(), status: z.int(), sample: z.string() });
const done = z.strictObject({ id: z.int(), opened: z.int().optional() });

interface Doors {
  order(what: Record<string, unknown>): Promise<number | undefined>;
  readonly listeners: Map<number, (answer: DoorAnswer) => void>;
}

let doors: Doors | undefined;

export async function openGuardDoor(
  upstream: number,
  token: string,
  onAnswer: (answer: DoorAnswer) => void,
): Promise<GuardDoor> {
  doors ??= startDoors();
  const { order, listeners } = doors;
  const port = (await order({ do: 'open', upstream, token, port: 0 }))!;
  listeners.set(port, onAnswer);
  return {
    port,
    shut: async () => void (await order({ do: 'shut', port })),
    reopen: async () => void (await order({ do: 'open', upstream, token, port })),
  };
}

/** Resolves when everything that the doors have answered until now was told. */
export async function doorsSettled(): Promise<void> {
  await doors?.order({ do: 'sync' });
}

function startDoors(): Doors {
  // Its standard input ends with this process, and it with that.
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'python3',
    ['-B', join(import.meta.dirname, 'guard_door.py')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.unref();
  const waiting = new Map<number, { resolve: (opened: number | undefined) => void; reject: (why: Error) => void }>();
  const listeners = new Map<number, (answer: DoorAnswer) => void>();
  let orders = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told: unknown = JSON.parse(line);
    const answer = answered.safeParse(told);
    if (answer.success) {
      const { port, ...rest } = answer.data;
      listeners.get(port)?.(rest);
      return;
    }
    const { id, opened } = done.parse(told);
    waiting.get(id)?.resolve(opened);
    waiting.delete(id);
  });
  child.once('close', () => {
    doors = undefined;
    for (const { reject } of waiting.values()) reject(new Error('guard_door.py has ended'));
  });
  return {
    listeners,
    order(what) {
      const id = orders++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.stdin.write(`${JSON.stringify({ id, ...what })}\n`);
      });
    },
  };
}
