// Ten small repositories, each with a mistake that was planted in it, and the command by which it really goes wrong. What the log shows is
// what the program says; what it cannot show stands beside it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { diagnose } from '../../agents/diagnosis/diagnose.ts';
import type { Files, RunWork } from '../../contracts/agent-ports.ts';
import { cause, type Diagnosis } from '../../contracts/diagnosis.ts';
import { skillName } from '../../contracts/skill.ts';
import { readSourceFolder } from '../../infra/source-files/read.ts';

const PLANTED = fileURLToPath(new URL('planted', import.meta.url));
const LOG = 'run.log';
const MOST_LOG = 16 * 2 ** 20;
const LIMITS = { memoryBytes: 2 ** 30, diskBytes: 256 * 2 ** 20, processes: 64, outputBytes: 2 ** 20 };

const incident = z.strictObject({
  title: z.string(),
  /** For a shell, in the repository's folder. */
  command: z.string(),
  seconds: z.int(),
  /** What the log shows. */
  cause,
  by: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('remedy'), skill: skillName }),
    /** No remedy takes it for its own. */
    z.strictObject({ kind: z.literal('coder') }),
  ]),
  cannotKnow: z.string(),
});

export interface PlantedIncident extends z.infer<typeof incident> {
  readonly name: string;
  readonly files: Files;
}

export const plantedNames = (): string[] => readdirSync(PLANTED).sort();

export async function plantedIncident(name: string): Promise<PlantedIncident> {
  const folder = join(PLANTED, name);
  const told = incident.parse(JSON.parse(readFileSync(join(folder, 'incident.json'), 'utf8')));
  return { ...told, name, files: await readSourceFolder(join(folder, 'repository')) };
}

export interface FailedRun {
  readonly exitCode: number | null;
  readonly log: string;
  readonly diagnosis: Diagnosis;
}

/** Runs the incident's command on files, in the sandbox, and reads the log that it leaves. */
export async function runOf(
  runWork: RunWork,
  { command, seconds }: Pick<PlantedIncident, 'command' | 'seconds'>,
  files: Files,
): Promise<FailedRun> {
  const { steps, collected } = await runWork({
    files,
    steps: [{ what: 'the run', argv: ['sh', '-c', `( ${command} ) > ${LOG} 2>&1`], wallMs: seconds * 1_000 }],
    collect: [{ path: LOG, maxBytes: MOST_LOG, required: true }],
    limits: LIMITS,
  });
  const log = collected.get(LOG) ?? new Uint8Array();
  const folder = mkdtempSync(join(tmpdir(), 'anneal-planted-'));
  try {
    const path = join(folder, LOG);
    writeFileSync(path, log);
    const read = await diagnose([path]);
    // The folder was made here and is gone: nothing of it stays in what is said.
    const diagnosis = JSON.parse(JSON.stringify(read).replaceAll(path, LOG)) as Diagnosis;
    return { exitCode: steps[0]!.exitCode, log: Buffer.from(log).toString('utf8'), diagnosis };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it until it is well, three times at most: on a busy machine what measures its own time may be slow for another's sake. */
export async function runOfMended(runWork: RunWork, incident: PlantedIncident, files: Files): Promise<FailedRun> {
  let run = await runOf(runWork, incident, files);
  for (
    let tries = 1;
    tries < 3 && incident.cause === 'throughput-drop' && run.diagnosis.cause !== 'healthy';
    tries += 1
  )
    run = await runOf(runWork, incident, files);
  return run;
}

/** The repository's own tests. */
export async function testsOf(
  runWork: RunWork,
  files: Files,
): Promise<{ readonly passed: boolean; readonly said: string }> {
  const { steps } = await runWork({
    files,
    steps: [{ what: 'tests', argv: ['python3', '-B', '-m', 'unittest', '-v'], wallMs: 60_000 }],
    collect: [],
    limits: LIMITS,
  });
  return { passed: steps[0]!.exitCode === 0, said: steps[0]!.stderr };
}
