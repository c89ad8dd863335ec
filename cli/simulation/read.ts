// Reads and checks a simulation file. Everything that is wrong is found in one pass and reported together.
import { readFile } from 'node:fs/promises';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { type SimulationSpec, simulationSpec } from '../../contracts/simulation.ts';
import { readDocument } from '../spec/document.ts';
import { problemsFromZod, quote, valueAt } from '../spec/from-zod.ts';
import { guideOf } from '../spec/guide.ts';

const GUIDE = guideOf(simulationSpec, 'a simulation');

/** @throws AnnealError `simulation.invalid` with every problem, sorted by line */
export async function readSimulation(path: string): Promise<SimulationSpec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const reason = isMissing ? 'no such file' : cause instanceof Error ? cause.message : String(cause);
    throw new AnnealError('simulation.invalid', `${path} cannot be read: ${reason}`, { cause });
  }
  const document = readDocument(text);
  const root = document.value;
  // As a simulation, a campaign has dozens of problems, none of which is the one.
  const isAnother = root === undefined || valueAt(root, ['kind']) !== 'Simulation';
  const parsed = simulationSpec.safeParse(root);
  const problems: Problem[] = [...document.problems];
  if (root !== undefined && isAnother)
    problems.push({
      ...{ code: 'spec.out_of_range', path: 'kind', line: document.locate(['kind']).line },
      ...{ expected: 'Simulation', got: quote(valueAt(root, ['kind'])) },
      hint: 'Copy examples/simulate/quickstart.yaml and change it.',
    });
  else if (!parsed.success && root !== undefined)
    problems.push(...problemsFromZod(parsed.error.issues, root, document, GUIDE));
  if (parsed.success && problems.length === 0) return parsed.data;
  const sorted = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const count = sorted.length === 1 ? 'one problem' : `${sorted.length} problems`;
  throw new AnnealError('simulation.invalid', `${path} has ${count}.`, { problems: sorted });
}
