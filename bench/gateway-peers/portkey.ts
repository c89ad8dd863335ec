// Portkey's gateway, of exactly the versions in portkey/package-lock.json, in a folder of the testbed: no dependency of Anneal's.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment } from '../../infra/config.ts';
import { freePort } from '../../tests/support/temporal-server.ts';
import { spawned } from '../child.ts';
import { answers, type Running } from './running.ts';

const LOCK = fileURLToPath(new URL('./portkey/package-lock.json', import.meta.url));
const PACKAGE = fileURLToPath(new URL('./portkey/package.json', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.testbed', import.meta.url));

/** Installs it unless it is there; returns its start file. */
export async function installPortkey(onProgress: (line: string) => void): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 16);
  const folder = join(CACHE, `portkey-${hash}`);
  const start = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (existsSync(join(folder, 'installed'))) return start;
  onProgress('Portkey: installing what its lock names');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of [LOCK, PACKAGE]) await cp(file, join(folder, file.split('/').at(-1)!));
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  // Written last: what a killed installation leaves is made anew.
  await writeFile(join(folder, 'installed'), '');
  return start;
}

/** Starts it at a free port; it says nothing that can be waited for, so its port is asked. */
export async function startPortkey(stack: AsyncDisposableStack, start: string): Promise<Running> {
  const port = await freePort();
  const flags = [start, '--headless', `--port=${port}`];
  const pid = spawned(stack, process.execPath, flags, childEnvironment({ PORT: String(port) }));
  const url = `http://127.0.0.1:${port}`;
  await answers('Portkey', url, pid);
  return { url, pid };
}
