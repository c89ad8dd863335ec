// The environment of a Harbor folder: a working directory and the files that are placed in it.
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import type { Missing } from './settings.ts';

/** What a Dockerfile does beyond placing files is another root file system, which a task names by its content and no reader builds. */
export function environmentOf(files: Artifact, missing: Missing): { workdir: string; given: Artifact } {
  const dockerfile = textOf(files.get('environment/Dockerfile') ?? new Uint8Array()) ?? '';
  let workdir = '/app';
  for (const [index, line] of dockerfile.split('\n').entries()) {
    const [, word, rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    if (word?.toUpperCase() === 'WORKDIR') workdir = rest.trim().replace(/\/+$/, '');
    else if (word !== undefined && !line.trim().startsWith('#') && !/^(FROM|COPY|LABEL|ENV)$/i.test(word))
      missing(
        `environment/Dockerfile:${index + 1}`,
        'FROM, WORKDIR and COPY',
        'Build a root file system and name it as the environment.',
        line.trim().slice(0, 100),
      );
  }
  if (!/^\/[\w./-]+$/.test(workdir))
    missing('environment/Dockerfile', 'a WORKDIR below the root', 'Work in /app, for example.', workdir);
  const given = [...files].filter(([path]) => path.startsWith('environment/') && path !== 'environment/Dockerfile');
  return {
    workdir: /^\/[\w./-]+$/.test(workdir) ? workdir : '/app',
    given: new Map(given.map(([path, bytes]) => [path.slice('environment/'.length), bytes])),
  };
}
