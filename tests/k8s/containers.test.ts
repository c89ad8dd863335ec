// The Containerfiles, read: what every image of ours promises. They are built where there is a registry to take bases from; the
// testbed makes the same images of local files, which tests/k8s/containers-pods.test.ts starts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadProfile, shippedProfiles } from '../../k8s/layout/shipped.ts';

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
/** On images of others, with GPUs' libraries in them. Nobody here has built or run one (docs/gpu.md). */
const GPU_NAMES = ['rollout-vllm', 'trainer-megatron'] as const;

const instructionsOf = (name: string) => {
  const all = parse(read(`infra/containers/${name}/Containerfile`));
  const of = (instruction: string): string[] => all.filter((one) => one.name === instruction).map(({ text }) => text);
  return { all, of };
};

describe.each([...NAMES, ...GPU_NAMES])('the Containerfile of %s', (name) => {
  const { all, of } = instructionsOf(name);

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

describe.each(NAMES)('the Containerfile of %s', (name) => {
  const { all, of } = instructionsOf(name);

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
});

it.each(['worker', 'gateway'])('the image of %s leaves the engine of the tables out: it is a command’s', (name) => {
  expect(instructionsOf(name).of('RUN').join(' ')).toContain('&& rm -r node_modules/@duckdb &&');
  // It would come back with the whole folder.
  expect(
    instructionsOf(name)
      .of('COPY')
      .filter((one) => one.includes('node_modules')),
  ).toEqual(['--from=build /opt/anneal/node_modules /opt/anneal/node_modules']);
});

describe('the Containerfiles for GPUs', () => {
  const argumentsOf = (name: string): string[] => instructionsOf(name).of('ARG');
  const environmentOf = (name: string): string => instructionsOf(name).of('ENV').join(' ');

  it('stand on images of others: vLLM by its version, NVIDIA by whatever digest is named', async () => {
    const profile = await loadProfile('one-gpu');
    expect(argumentsOf('rollout-vllm')[0]).toBe(`VLLM=docker.io/vllm/vllm-openai:v${profile.rollout.vllmVersion}`);
    expect(argumentsOf('trainer-megatron')[0]).toBe('BASE');
    for (const name of GPU_NAMES) {
      const { all, of } = instructionsOf(name);
      const [, from] = all;
      expect(from).toEqual({ name: 'FROM', text: `\${${argumentsOf(name)[0]!.split('=')[0]}}` });
      expect(of('FROM')).toHaveLength(1);
      expect(
        all.map((one) => one.name).filter((one) => !/^(ARG|FROM|LABEL|COPY|RUN|ENV|USER|EXPOSE|ENTRYPOINT)$/.test(one)),
      ).toEqual([]);
    }
  });

  it('look while they are built whether the base has what our code overrides', () => {
    const [megatron] = instructionsOf('trainer-megatron').of('RUN');
    expect(megatron).toMatch(/&& python3 \/tmp\/anneal\/check\.py$/);
    const [vllm] = instructionsOf('rollout-vllm').of('RUN');
    expect(vllm).toMatch(/^python3 -c '.*m\.version\("vllm"\).*startswith\("0\.24\."\)/);
  });

  it('install nothing that is not held to a hash', () => {
    for (const name of GPU_NAMES) {
      const installs =
        instructionsOf(name)
          .of('RUN')
          .join(' ')
          .match(/pip install[^&]*/g) ?? [];
      expect(installs.length).toBeGreaterThan(0);
      for (const install of installs) expect(install).toMatch(/--require-hashes --no-deps/);
    }
    const locks = ['trainer/requirements-s3.lock', 'infra/containers/trainer-megatron/requirements.lock'];
    for (const lock of locks) {
      const requirements = read(lock)
        .split('\n')
        .filter((line) => /^[a-z]/.test(line));
      expect(requirements.length).toBeGreaterThan(0);
      for (const line of requirements) expect(line).toMatch(/^[a-z0-9-]+==[^ ]+ \\$/);
    }
  });

  it('start our entries, from where our code lies', () => {
    const entries = { 'rollout-vllm': 'anneal_megatron.serving', 'trainer-megatron': 'anneal_megatron' };
    for (const [name, module] of Object.entries(entries)) {
      expect(JSON.parse(instructionsOf(name).of('ENTRYPOINT')[0]!)).toEqual(['python3', '-m', module]);
      expect(environmentOf(name)).toContain('PYTHONPATH=/opt/anneal/trainer ');
      const copied = instructionsOf(name)
        .of('COPY')
        .filter((text) => text.startsWith('trainer/anneal_'));
      expect(copied.map((text) => text.split(' '))).toEqual(
        ['anneal_trainer', 'anneal_megatron'].map((part) => [`trainer/${part}`, `/opt/anneal/trainer/${part}`]),
      );
      expect(tracked(`trainer/${module.replaceAll('.', '/')}/__main__.py`)[0]).not.toBe('');
    }
    // Without it vLLM has none of the endpoints that a weight update needs.
    expect(environmentOf('rollout-vllm')).toContain('VLLM_SERVER_DEV_MODE=1');
  });

  it('are the images that the profiles name, and take what the manifests give', async () => {
    for (const name of shippedProfiles()) {
      const { trainer, rollout } = await loadProfile(name);
      if (rollout.server !== 'vllm') continue;
      expect([trainer.image, rollout.image]).toEqual(['anneal/trainer-megatron:0.1', 'anneal/rollout-vllm:0.24.0']);
    }
    const serving = read('trainer/anneal_megatron/serving/__main__.py');
    const guard = read('trainer/anneal_megatron/serving/guard.py');
    const worker = read('trainer/anneal_megatron/serving/worker.py');
    expect(serving).toContain('env.get("ANNEAL_ROUTED_EXPERTS")');
    expect(guard).toContain('"ANNEAL_CONTROL_TOKEN_FILE"');
    expect(worker).toContain('"ANNEAL_WEIGHTS_DIR"');
    const trainer = read('trainer/anneal_megatron/__main__.py') + read('trainer/anneal_megatron/node.py');
    for (const variable of ['ANNEAL_GRACE_SECONDS', 'ANNEAL_MODEL_DIR', 'ANNEAL_SHARED'])
      expect(trainer).toContain(`"${variable}"`);
  });
});

describe('the Containerfile of the worker', () => {
  const { of } = instructionsOf('worker');
  const pins = (lock: string): string[] => read(lock).match(/^(?:[a-z]\S+==\S+|\s+--hash=sha256:[0-9a-f]{64})/gm) ?? [];

  it('brings pytest for its graders, held to hashes, by the releases that the verifiers are tested with', () => {
    const own = pins('infra/containers/worker/requirements.lock');
    expect(own.filter((one) => one.startsWith('pytest=='))).toHaveLength(1);
    const tested = pins('trainer/requirements-dev.lock');
    expect(own.filter((one) => !tested.includes(one))).toEqual([]);
    for (const pin of own.filter((one) => !one.startsWith(' '))) expect(own[own.indexOf(pin) + 1]).toMatch(/^ +--hash/);
    const [install, ...others] =
      of('RUN')
        .join(' ')
        .match(/pip install[^&]*/g) ?? [];
    expect(others).toEqual([]);
    expect(install).toMatch(/--require-hashes --no-deps --target \/opt\/anneal\/packages -r \/tmp\/requirements\.lock/);
  });

  it('shows it to the Python that graders ask, and has what they pack of it', () => {
    expect(of('COPY')).toContain('--from=graders /opt/anneal/packages /opt/anneal/packages');
    const shown = of('RUN').find((text) => text.includes('anneal.pth'));
    const [, packed = ''] = /for name in \(([^)]+)\)/.exec(read('infra/graders/pytest.ts')) ?? [];
    for (const [, name] of packed.matchAll(/"([a-z]+)"/g))
      expect(shown).toMatch(new RegExp(`import [^']*\\b${name}\\b`));
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
