// The thread that reads what a policy handed in: one reading, one answer. Every reading is a function of its input alone.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { AnnealError } from '../../contracts/errors.ts';

/** Loaded by name, since a thread makes one of them only. */
export const READINGS = {
  content: async () => (await import('./document/content.ts')).contentGates,
  data: async () => (await import('./structured-data/data.ts')).judgeData,
  document: async () => (await import('./document/read.ts')).readDocument,
  patch: async () => (await import('./patch/read.ts')).readPatch,
  predictions: async () => (await import('./leaderboard/predictions.ts')).judgePredictions,
  workbook: async () => (await import('./spreadsheet/workbook.ts')).tryRead,
} as const;

export type Answer = { readonly value: unknown } | { readonly code: string | undefined; readonly message: string };

function answered(read: (...input: unknown[]) => unknown, input: readonly unknown[]): Answer {
  try {
    return { value: read(...input) };
  } catch (failure) {
    if (failure instanceof AnnealError) return { code: failure.code, message: failure.message };
    return { code: undefined, message: String(failure) };
  }
}

// Who imports this for its table is no thread.
if (!isMainThread && workerData?.bounded in READINGS) {
  const read = await READINGS[workerData.bounded as keyof typeof READINGS]();
  parentPort!.once('message', (input) =>
    parentPort!.postMessage(answered(read as (...of: unknown[]) => unknown, input)),
  );
  parentPort!.postMessage('ready');
}
