// The environment of a Harbor folder: a working directory, the files that are placed in it, and the root file system below them.
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import type { HarborSettings, Missing } from './settings.ts';

/** Tars in the store, by names: an image as Dockerfiles and task.toml have it, or any that a task says in metadata.anneal. */
export type Environments = ReadonlyMap<string, ArtifactRef>;

export interface HarborEnvironment {
  readonly workdir: string;
  readonly given: Artifact;
  /** Null: the machine's own programs. */
  readonly root: ArtifactRef | null;
}

/** What a Dockerfile does beyond placing files is another root file system, which is named by its content: no reader builds one. */
export function environmentOf(
  files: Artifact,
  { config, environments }: { readonly config: HarborSettings | undefined; readonly environments: Environments },
  missing: Missing,
): HarborEnvironment {
  const dockerfile = textOf(files.get('environment/Dockerfile') ?? new Uint8Array()) ?? '';
  const named = config?.metadata.anneal.environment;
  if (named !== undefined && !environments.has(named))
    missing(
      'task.toml: metadata.anneal.environment',
      `one of ${[...environments.keys()].join(', ') || 'the environments of the source, which has none'}`,
      'Give the source a tar for it.',
      named,
    );
  // Of the whole image, so that whatever the Dockerfile did is done; or else of what it begins with.
  const whole = environments.get(named ?? config?.environment.docker_image ?? '');
  let [workdir, base] = ['/app', undefined as ArtifactRef | undefined];
  for (const [index, line] of dockerfile.split('\n').entries()) {
    const [, written, rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    const word = written?.toUpperCase();
    if (word === 'WORKDIR') workdir = rest.trim().replace(/\/+$/, '');
    else if (word === 'FROM') base = environments.get(rest.trim().split(/\s+/)[0] ?? '');
    else if (word !== undefined && whole === undefined && !/^(COPY|LABEL|ENV)$/.test(word))
      missing(
        `environment/Dockerfile:${index + 1}`,
        'FROM, WORKDIR and COPY',
        'Build a root file system and name it as the environment.',
        line.trim().slice(0, 100),
      );
  }
  const isBelow = /^\/[\w./-]+$/.test(workdir);
  if (!isBelow) missing('environment/Dockerfile', 'a WORKDIR below the root', 'Work in /app, for example.', workdir);
  const given = [...files].filter(([path]) => path.startsWith('environment/') && path !== 'environment/Dockerfile');
  return {
    workdir: isBelow ? workdir : '/app',
    given: new Map(given.map(([path, bytes]) => [path.slice('environment/'.length), bytes])),
    root: whole ?? base ?? null,
  };
}
