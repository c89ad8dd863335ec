// The repositories file of an installation, and each repository of it, opened for changes.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { RepositoryName } from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { Forge, ForgeSpec } from '../contracts/forge.ts';
import type { MergeRepository } from '../contracts/merge.ts';
import { type RepositoriesSpec, type RepositorySpec, repositoriesSpec } from '../contracts/repositories.ts';
import { openForge } from './forge/open.ts';
import { openMergeRepository } from './git/changes.ts';

/** Paths in it are taken from the file's own folder. @throws AnnealError `spec.missing_file`, `spec.syntax`; `repository.invalid` with every problem at once */
export async function readRepositories(path: string): Promise<RepositoriesSpec> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`, { cause });
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) throw new AnnealError('spec.syntax', `${path}: ${mistake.message}`);
  const parsed = repositoriesSpec.safeParse(document.toJS());
  if (parsed.success) {
    const beside = (one: string): string => resolve(dirname(path), one);
    const repositories = parsed.data.repositories.map(({ forge, ...one }) => ({
      ...one,
      path: beside(one.path),
      ...(forge && { forge: besideOf(forge, beside) }),
    }));
    return { ...parsed.data, repositories };
  }
  const problems = parsed.error.issues.map(({ path: at, message }) => ({
    ...({ code: 'repository.invalid', path: at.join('.'), expected: message } as const),
    hint: 'docs/agents.md describes the file.',
  }));
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new AnnealError('repository.invalid', `${path} has ${count}`, { problems });
}

/** @param spec undefined: the installation has no such file */
export const openRepositories =
  (spec: RepositoriesSpec | undefined) =>
  async (name: RepositoryName): Promise<{ spec: RepositorySpec; git: MergeRepository; forge?: Forge }> => {
    const all = spec?.repositories ?? [];
    const one = all.find((repository) => repository.name === name);
    if (one === undefined) {
      const known =
        all.length === 0 ? 'there are none: set ANNEAL_REPOSITORIES' : `known: ${all.map((r) => r.name).join(', ')}`;
      throw new AnnealError('repository.unknown', `agents may propose nothing to ${name}; ${known}`);
    }
    if (one.forge === undefined) return { spec: one, git: await openMergeRepository(one.path, one.branch) };
    const { api, remote } = openForge(one.forge);
    return { spec: one, git: await openMergeRepository(one.path, one.branch, remote), forge: api };
  };

/** Its files, from the folder of the file that names them. */
function besideOf(forge: ForgeSpec, beside: (path: string) => string): ForgeSpec {
  const { token, ssh } = forge;
  return {
    ...forge,
    token: 'secret' in token ? { secret: beside(token.secret) } : token,
    ...(ssh && { ssh: { key: beside(ssh.key), knownHosts: beside(ssh.knownHosts) } }),
  };
}
