// One look at whether a child serves. Never throws: not ready is an answer.
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { capture } from '../process/capture.ts';
import type { Readiness } from './plan.ts';

const LOOK_MS = 2_000;

export async function isReady(readiness: Readiness): Promise<boolean> {
  switch (readiness.kind) {
    case 'tcp':
      return await answersTcp(readiness.port);
    case 'http':
      return await answersHttp(readiness.url);
    case 'file':
      return existsSync(readiness.path);
    case 'exec': {
      const { code, stdout } = await capture(readiness.argv, { timeoutMs: 10_000 });
      return code === 0 && readiness.expect.every((word) => stdout.includes(word));
    }
  }
}

function answersTcp(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: LOOK_MS });
    const answer = (ready: boolean) => (): void => {
      socket.destroy();
      done(ready);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}

export async function answersHttp(url: string, timeoutMs = LOOK_MS): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether a file was touched in the last `maxAgeMs`. */
export function isFresh(path: string, maxAgeMs: number): boolean {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && Date.now() - touched < maxAgeMs;
}
