// The profiles that come with Anneal, and how a profile is found: by its name, or by the path of a file.
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { checkProfile } from './check.ts';
import { profileError, refusal } from './errors.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'profiles');
const ENDING = '.yaml';

export function shippedProfiles(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

/**
 * The file of a profile: a name without a slash or ending is one that comes with Anneal, anything else a path.
 * @param from what a relative path starts at
 */
export function profilePath(nameOrPath: string, from = '.'): string {
  if (!/[/\\]|\.ya?ml$/.test(nameOrPath)) {
    const known = shippedProfiles();
    if (known.includes(nameOrPath)) return join(FOLDER, `${nameOrPath}${ENDING}`);
    throw profileError(
      'profile.not_found',
      `${nameOrPath} is none of ${known.join(', ')}, nor the path of a YAML file`,
    );
  }
  return resolve(from, nameOrPath);
}

export async function readProfileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'no such file' : String(cause);
    throw profileError('profile.not_found', `${path}: ${reason}`, { cause });
  }
}

/**
 * For everything but the command line, which also shows lines.
 * @throws AnnealError `profile.not_found`; `profile.invalid`, or the code that all problems share, with every problem
 */
export async function loadProfile(nameOrPath: string, from = '.'): Promise<ProfileSpec> {
  const path = profilePath(nameOrPath, from);
  const text = await readProfileText(path);
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw profileError('profile.invalid', `${path} is not valid YAML: ${String(cause)}`, { cause });
  }
  const { profile, problems } = checkProfile(value);
  if (profile === undefined || problems.length > 0) throw refusal(path, problems);
  return profile;
}
