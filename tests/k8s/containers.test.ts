// The Containerfiles, read: what every image of ours promises. They are built where there is a registry to take bases from; the
// testbed makes the same images of local files, which tests/k8s/containers-pods.test.ts starts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');
const tracked = (...paths: readonly string[]): string[] =>
  execFileSync('git', ['ls-files', '--', ...paths], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Comment lines go, continued lines become one. */
function parse(text: string): Instruction[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split(' ');
      return { name, text: rest.join(' ') };
    });
}

const NAMES = ['worker', 'gateway', 'trainer-cpu'] as const;

describe.each(NAMES)('the Containerfile of %s', (name) => {
  const all = parse(read(`infra/containers/${name}/Containerfile`));
  const of = (instruction: string): string[] => all.filter((one) => one.name === instruction).map(({ text }) => text);

  it('has instructions that there are, and begins with its base, which is an argument with a pinned default', () => {
    const known = /^(ARG|FROM|WORKDIR|COPY|RUN|LABEL|ENV|USER|EXPOSE|ENTRYPOINT)$/;
    expect(all.map((one) => one.name).filter((one) => !known.test(one))).toEqual([]);
    const [base, from] = all;
    const [argument = '', image = ''] = base?.text.split('=') ?? [];
    expect(base?.name).toBe('ARG');
    expect(image).toMatch(/^docker\.io\/library\/(node:\d+\.\d+\.\d+|python:3\.\d+)-[a-z-]+$/);
    expect(from?.text).toMatch(new RegExp(`^\\$\\{${argument}\\} AS `));
    // Every stage is that base or another stage; nothing else is pulled.
    const stages = of('FROM').map((text) => / AS (\S+)$/.exec(text)?.[1]);
    for (const text of of('FROM')) expect([`\${${argument}}`, ...stages]).toContain(text.split(' ')[0]);
  });

  it('runs one program, as an ordinary user, without a shell', () => {
    const last = all.findLastIndex((one) => one.name === 'FROM');
    const end = all.slice(last);
    expect(of('USER')).toContain('1000:1000');
    expect(of('USER').filter((user) => user !== '1000:1000')).toEqual([]);
    expect(end.some((one) => one.name === 'ENTRYPOINT')).toBe(true);
    for (const text of of('ENTRYPOINT')) expect(JSON.parse(text)).toEqual(expect.arrayContaining([expect.any(String)]));
  });

  it('is labelled', () => {
    const labels = of('LABEL').join(' ');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision'])
      expect(labels).toContain(`org.opencontainers.image.${label}=`);
  });

  it('copies what there is, and nothing but what it names', () => {
    for (const text of of('COPY').filter((one) => !one.startsWith('--from='))) {
      const sources = text.split(' ').slice(0, -1);
      for (const source of sources) expect([source, tracked(source)[0] === '']).toEqual([source, false]);
      expect(sources).not.toContain('.');
    }
  });
});

describe.each(['worker', 'gateway'] as const)('the build inside the image of %s', (name) => {
  const text = read(`infra/containers/${name}/Containerfile`);
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));

  it('has all that build.ts compiles and copies', () => {
    const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
    const compiled = include.filter((folder) => tracked(folder)[0] !== '');
    const [, list = ''] = /READ_AT_RUN_TIME = \[([^\]]+)\]/.exec(read('build.ts')) ?? [];
    const beside = [...list.matchAll(/'([^'/]+)[^']*'/g)].map((match) => match[1]!);
    expect(beside).toContain('critical.yaml');
    for (const path of [...compiled, ...beside, 'package.json', '.npmrc', 'tsconfig.json', 'build.ts'])
      expect(copied).toContain(path);
  });

  it('is made by the Node that the tests run', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(text).toContain(`docker.io/library/node:${devDependencies.node}-`);
  });
});
