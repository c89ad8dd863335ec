// A command to paste: with the home that it is for, where that is not the one that is taken without a word.
import { join } from 'node:path';
import type { Config } from '../../infra/config.ts';

export function commandFor({ home, repo }: Pick<Config, 'home' | 'repo'>, command: string): string {
  return home === join(repo, '.anneal') ? `./anneal ${command}` : `ANNEAL_HOME=${quoted(home)} ./anneal ${command}`;
}

const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
