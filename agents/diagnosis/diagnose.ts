// Files in, one diagnosis out.
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { createAnalysis } from './analysis.ts';
import { type ReadOptions, readLogs } from './reader.ts';
import type { Series } from './series.ts';

export interface Analysed {
  readonly diagnosis: Diagnosis;
  readonly series: readonly Series[];
}

/** The diagnosis, and the courses of numbers that it was made from. */
export async function analyse(paths: readonly string[], options: ReadOptions = {}): Promise<Analysed> {
  const analysis = createAnalysis(paths);
  const files = await readLogs(paths, analysis.listener, options);
  return { diagnosis: analysis.conclude(files), series: analysis.series() };
}

export async function diagnose(paths: readonly string[], options: ReadOptions = {}): Promise<Diagnosis> {
  return (await analyse(paths, options)).diagnosis;
}
