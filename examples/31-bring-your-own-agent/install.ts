// The agent as its registry has it, into the folder that the sandbox shows: each file pinned by its hash, and nothing of it changed.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '../../infra/process/capture.ts';

const LOCK = fileURLToPath(new URL('./mini-swe-agent.lock', import.meta.url));
const SETTINGS = fileURLToPath(new URL('./anneal.yaml', import.meta.url));
const STAMP = 'installed';

/**
 * @param python of the minor version that the sandbox has, with pip
 * @param agents the folder of the agents that campaigns may name
 */
export async function installAgent(python: string, agents: string, say: (line: string) => void): Promise<void> {
  const folder = join(agents, 'mini-swe-agent');
  const lock = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  const stamp = join(folder, STAMP);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    say('mini-swe-agent: installing what its lock names');
    // Whatever a killed installation left.
    rmSync(folder, { recursive: true, force: true });
    const making = `${folder}.part`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    const pinned = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--target', making, '-r', LOCK];
    const { code, stderr } = await capture([python, ...pip, ...pinned], { timeoutMs: 1_800_000 });
    if (code !== 0) throw new Error(`pip ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
    writeFileSync(join(making, STAMP), lock);
    renameSync(making, folder);
  }
  copyFileSync(SETTINGS, join(folder, 'anneal.yaml'));
}
