// Other engines, as readers of the data pool's tables: Ray Data and `datasets` from PyPI, Spark from PyPI with Delta's jars from Maven. Two
// gigabytes of programs, installed once into .testbed by `npm test -- engines`; where they are not, their tests are skipped and say so.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../infra/config.ts';
import { capture, onPath } from '../../infra/process/capture.ts';
import { installedPython, installPython } from './locked-python.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = { name: 'engines', lock: here('./engines.lock') };
const SPARK = { name: 'spark', lock: here('./spark.lock') };
/** What Spark needs for Delta, besides what it brings. */
const JARS = [
  {
    artifact: 'io.delta:delta-spark_2.13:4.0.0',
    sha256: '538511702aae0ef6973a6a70af3d4543c9009f8edbed786a00737e2d3cd7f04e',
  },
  {
    artifact: 'io.delta:delta-storage:4.0.0',
    sha256: '9bdb9fb450f1e119eba53feb427f331b0d09072d26485b8273883ad72c9a2e1d',
  },
] as const;
const FOLDER = here('../../.testbed/delta-jars');
const SCRIPT = here('./pool_engines.py');

const jarOf = (artifact: string): string => {
  const [, name, version] = artifact.split(':');
  return join(FOLDER, `${name}-${version}.jar`);
};

/** Those that are installed here. */
export const engines = {
  ray: (): boolean => installedPython(PYTHON) !== undefined,
  datasets: (): boolean => installedPython(PYTHON) !== undefined,
  spark: (): boolean =>
    installedPython(SPARK) !== undefined &&
    onPath('java') !== undefined &&
    JARS.every(({ artifact }) => existsSync(jarOf(artifact))),
} as const;
export type Engine = keyof typeof engines;

/** @throws where something is not to be had; what was installed before stays */
export async function installEngines(onProgress: (line: string) => void): Promise<void> {
  await installPython(PYTHON, onProgress);
  if (onPath('java') === undefined || onPath('mvn') === undefined)
    throw new Error('Spark needs Java 17 or later, and Maven to fetch what Delta adds to it');
  await installPython(SPARK, onProgress);
  const missing = JARS.filter(({ artifact }) => !existsSync(jarOf(artifact)));
  const passing = `${FOLDER}.part`;
  await rm(passing, { recursive: true, force: true });
  await mkdir(passing, { recursive: true });
  await mkdir(FOLDER, { recursive: true });
  for (const jar of missing) {
    onProgress(`engines: ${jar.artifact}`);
    await installJar(jar, passing);
  }
  await rm(passing, { recursive: true, force: true });
}

async function installJar({ artifact, sha256 }: (typeof JARS)[number], passing: string): Promise<void> {
  const path = jarOf(artifact);
  const asked = [`-Dartifact=${artifact}`, `-DoutputDirectory=${passing}`];
  // A folder that is no project, and one for what Maven keeps, which is needed no longer than this.
  const { code, stdout } = await capture(['mvn', '-q', '-B', 'dependency:copy', ...asked], {
    ...{ timeoutMs: 600_000, cwd: passing },
    env: childEnvironment({ MAVEN_OPTS: `-Dmaven.repo.local=${join(passing, 'm2')}` }),
  });
  if (code !== 0) throw new Error(`${artifact} cannot be fetched: ${stdout.trim().split('\n')[0]}`);
  const bytes = await readFile(join(passing, basename(path)));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`${artifact} hashes to ${found}, ${sha256} was expected`);
  await rename(join(passing, basename(path)), path);
}

/** What an engine says of the completions in a table or in an export. */
export interface Counted {
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Sum of all log-probabilities. */
  readonly logprobs: number;
}

/** One start of the engine for several things to look at: `WHAT=PATH`, by the words of the script. */
export async function ask(engine: Engine, folder: string, ...asked: readonly string[]): Promise<Counted[]> {
  const python = installedPython(engine === 'spark' ? SPARK : PYTHON);
  if (python === undefined) throw new Error('not installed: npm test -- engines');
  const { code, stdout, stderr } = await capture([python, SCRIPT, engine, ...asked], {
    timeoutMs: 900_000,
    env: childEnvironment({
      ...{ HOME: folder, TMPDIR: folder, HF_HOME: join(folder, 'hf'), HF_HUB_OFFLINE: '1' },
      ...{ RAY_USAGE_STATS_ENABLED: '0', SPARK_LOCAL_IP: '127.0.0.1' },
      DELTA_JARS: JARS.map(({ artifact }) => jarOf(artifact)).join(','),
    }),
  });
  if (code !== 0) throw new Error(`${engine} ended with ${code}: ${stderr.trim().split('\n').slice(-5).join('\n')}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Counted[];
}
