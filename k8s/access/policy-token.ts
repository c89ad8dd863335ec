// The token that policy servers ask for: pods read it from a secret, gateway and worker from a file. Neither is ever shown.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AnnealError, type Problem } from '../../contracts/errors.ts';

/** What gateway and worker hold: enough to tell whether the secret is the same. */
export interface HeldToken {
  readonly file: string;
  /** By `hashOfToken`. */
  readonly sha256: string;
}

/** As the policy server reads its own: white space around it is the editor's. */
export const hashOfToken = (text: string): string => createHash('sha256').update(text.trim()).digest('hex');

/** @throws AnnealError `cli.usage`, with its problem, when the file cannot be read or holds nothing */
export function readPolicyToken(file: string): string {
  const token = read(file).trim();
  if (token === '') throw refusal(file, 'nothing but white space');
  return token;
}

export const heldToken = (file: string): HeldToken => ({ file, sha256: hashOfToken(readPolicyToken(file)) });

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    throw refusal(file, WHY[code] ?? `a file that cannot be read (${code})`, cause);
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'a file that you may not read',
  EISDIR: 'a folder',
};

function refusal(file: string, got: string, cause?: unknown): AnnealError {
  const problem: Problem = {
    code: 'cli.usage',
    path: 'ANNEAL_POLICY_TOKEN_FILE',
    expected: "a file with the token of the cluster's secret",
    got: `${file}: ${got}`,
    hint: 'Name the file, or write the token into it: gateway and worker show it to policy servers.',
  };
  return new AnnealError('cli.usage', `ANNEAL_POLICY_TOKEN_FILE: ${file}: ${got}`, { problems: [problem], cause });
}
