// delta-rs, which shares no line with us, as a reader of our tables. It is Python of its own, 55 MB to fetch: installed once into .testbed when
// asked for (`node tests/support/delta-reader.ts install`); where it is not, its tests are skipped and say so.
import { fileURLToPath } from 'node:url';
import { capture } from '../../infra/process/capture.ts';
import { installedPython, installPython } from './locked-python.ts';

const ENVIRONMENT = { name: 'deltalake', lock: fileURLToPath(new URL('./deltalake.lock', import.meta.url)) };
const SCRIPT = fileURLToPath(new URL('./delta_reader.py', import.meta.url));

export const deltaPython = (): string | undefined => installedPython(ENVIRONMENT);

export const installDeltaReader = (onProgress: (line: string) => void): Promise<string> =>
  installPython(ENVIRONMENT, onProgress);

export interface ReadByDelta {
  readonly version: number;
  readonly partitions: readonly string[];
  readonly files: number;
  /** By application, as far as it was asked. */
  readonly applied: Readonly<Record<string, number | null>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Every row of a table, sorted by `key`; `apps`: whose progress to ask for. */
export async function readByDelta(folder: string, key: string, apps: readonly string[] = []): Promise<ReadByDelta> {
  const python = deltaPython();
  if (python === undefined) throw new Error('not installed: node tests/support/delta-reader.ts install');
  const { code, stdout, stderr } = await capture([python, SCRIPT, folder, key, ...apps], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${SCRIPT} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as ReadByDelta;
}

if (import.meta.main) {
  if (process.argv[2] !== 'install') throw new Error('usage: node tests/support/delta-reader.ts install');
  console.log(await installDeltaReader((line) => console.log(line)));
}
