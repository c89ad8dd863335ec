// Which root file system a folder has: by the name that its task.toml says, by its image, or by what its Dockerfile begins with.
import { expect, test } from 'vitest';
import { referenceTo } from '../../hacks/variant.ts';
import { artifactOf } from '../../verifiers/artifact.ts';
import { environmentOf } from './environment.ts';
import { configOf } from './settings.ts';
import { SORT_WORDS } from './sort-words.fixture.ts';

const ENVIRONMENTS = new Map(['debian:12', 'tools/jq:1', 'own'].map((name) => [name, referenceTo(name)]));

function read(of: { dockerfile: string; image?: string; named?: string }, environments = ENVIRONMENTS) {
  const told: string[] = [];
  const missing = (path: string, expected: string, _hint: string, got?: string): void =>
    void told.push(`${path}: ${expected}, not ${got}`);
  const toml = String(SORT_WORDS['task.toml'])
    .replace('cpus = 1', of.image === undefined ? 'cpus = 1' : `docker_image = "${of.image}"`)
    .replace('baseline_sec = 60', of.named === undefined ? '' : `environment = "${of.named}"`);
  const config = configOf(toml, missing);
  const files = artifactOf({ 'environment/Dockerfile': of.dockerfile, 'environment/a.txt': 'a' });
  const { root, workdir, given } = environmentOf(files, { config, environments }, missing);
  expect([...given.keys()]).toEqual(['a.txt']);
  const name = [...ENVIRONMENTS.keys()].find((one) => referenceTo(one).sha256 === root?.sha256);
  return { root: root === null ? null : name, workdir, told };
}
const RUN = 'FROM debian:12 AS base\nRUN apt-get install -y jq\nWORKDIR /srv/\nCOPY a.txt .\n';
const PLAIN = 'FROM debian:12\n';

test.each([
  ['what its Dockerfile begins with', { dockerfile: PLAIN }, 'debian:12', []],
  ['its image, whatever the Dockerfile does', { dockerfile: RUN, image: 'tools/jq:1' }, 'tools/jq:1', []],
  ['its own word, before its image', { dockerfile: RUN, image: 'tools/jq:1', named: 'own' }, 'own', []],
  ['the last FROM of several', { dockerfile: 'FROM tools/jq:1 AS a\nFROM debian:12\n' }, 'debian:12', []],
  ['none, where no tar is of these names', { dockerfile: 'FROM alpine\n', image: 'alpine' }, null, []],
  [
    'a base alone, to which its Dockerfile adds',
    { dockerfile: RUN },
    'debian:12',
    ['environment/Dockerfile:2: FROM, WORKDIR and COPY, not RUN apt-get install -y jq'],
  ],
  [
    'a word that is nobody’s',
    { dockerfile: PLAIN, named: 'other' },
    'debian:12',
    ['task.toml: metadata.anneal.environment: one of debian:12, tools/jq:1, own, not other'],
  ],
])('%s', (_, of, root, told) => {
  expect(read(of)).toEqual({ root, workdir: of.dockerfile === RUN ? '/srv' : '/app', told });
});

test('a source without environments leaves every folder on the machine’s programs', () => {
  expect(read({ dockerfile: PLAIN, image: 'debian:12' }, new Map())).toEqual({ root: null, workdir: '/app', told: [] });
  expect(read({ dockerfile: PLAIN, named: 'own' }, new Map()).told).toEqual([
    'task.toml: metadata.anneal.environment: one of the environments of the source, which has none, not own',
  ]);
});
