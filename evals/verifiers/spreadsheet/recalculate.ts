// Recalculating workbooks with a real engine, in the sandbox: a formula may take for ever or ask for any amount of memory.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { EvidenceRun } from '../../../contracts/judgement.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import { evidenceOf } from '../gates.ts';
import { LANGUAGE_TABLE, requireLanguage } from '../program/languages.ts';
import { placeOf, withoutDoubleSigns } from './formula.ts';
import type { Cell, Workbook } from './workbook.ts';

const calculated = z.union([z.number(), z.string(), z.boolean(), z.null(), z.strictObject({ error: z.string() })]);
export type Calculated = z.infer<typeof calculated>;

export interface CellName {
  readonly sheet: string;
  readonly cell: string;
}

export type Recalculated =
  | { readonly values: readonly (readonly Calculated[])[]; readonly run: EvidenceRun }
  /** One of them took too much time or memory, or the engine gave up on it. */
  | { readonly why: string; readonly run: EvidenceRun };

/** Of processor time: a busy machine must not make a workbook look endless. */
const CPU_SECONDS = 20;
const WALL_MS = 300_000;

/**
 * Each workbook by itself, with the values of the cells that are read; one process for all of them, which takes as long to start as a
 * hundred small workbooks to calculate.
 * @throws AnnealError `sandbox.*`; `verifier.failed` when the engine did not answer for every cell
 */
export async function recalculate(
  sandbox: Sandbox,
  workbooks: readonly Workbook[],
  reads: readonly CellName[],
): Promise<Recalculated> {
  await requireLanguage(sandbox, 'javascript');
  const engineArgv = LANGUAGE_TABLE.javascript.program('/work/recalculate.mjs');
  const argv = ['prlimit', `--cpu=${CPU_SECONDS}`, '--', ...engineArgv] as const;
  const result = await sandbox.run({
    argv,
    files: engine(),
    stdin: JSON.stringify(workbooks.map((workbook) => request(workbook, reads))),
    limits: {
      wallMs: WALL_MS,
      // WebAssembly reserves guard pages of 8 GiB around its memory, which are never touched.
      memoryBytes: 12 * 2 ** 30,
      diskBytes: 0,
      processes: 32,
      outputBytes: 8 * 2 ** 20,
    },
  });
  const run = evidenceOf('recalculation', argv, result);
  // The engine waits for nothing, so only a machine that does not get round to it lets the wall clock run out.
  if (result.how === 'timeout') throw new AnnealError('sandbox.failed', 'the machine was too busy to recalculate');
  if (result.how !== 'exited' || result.exitCode !== 0)
    return { why: `could not be recalculated (${result.how === 'exited' ? 'the engine gave up' : result.how})`, run };
  const values = z
    .array(z.array(calculated).length(reads.length))
    .length(workbooks.length)
    .safeParse(parsed(result.stdout));
  if (!values.success) throw new AnnealError('verifier.failed', 'the engine did not answer for every cell');
  // What the engine cannot do is nobody's wrong answer.
  if (values.data.flat().some((value) => typeof value === 'object' && value?.error === '#N/IMPL!'))
    throw new AnnealError('verifier.failed', 'the engine does not know a function that a cell needs');
  return { values: values.data, run };
}

function request({ sheets, names }: Workbook, reads: readonly CellName[]): object {
  const places = (name: string): [number, number] => {
    const place = placeOf(name);
    if (place === undefined) throw new AnnealError('verifier.failed', `${name} is no cell`);
    return [place.row, place.column];
  };
  return {
    sheets: sheets.map(({ name, cells }) => ({
      name,
      cells: [...cells].map(([at, cell]) => [...places(at), input(cell)]),
    })),
    names: names.map(([name, formula]) => [name, formula]),
    reads: reads.map(({ sheet, cell }) => [
      sheets.findIndex(({ name }) => name.toLowerCase() === sheet.toLowerCase()),
      ...places(cell),
    ]),
  };
}

/** As a person would type it; a quote in front keeps a text from being taken for a number or a formula. */
function input(cell: Cell): string {
  if ('formula' in cell) return `=${withoutDoubleSigns(cell.formula)}`;
  if (typeof cell.value === 'boolean') return cell.value ? 'TRUE' : 'FALSE';
  return typeof cell.value === 'number' ? String(cell.value) : `'${cell.value}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let files: Readonly<Record<string, string | Uint8Array>> | undefined;
function engine(): Readonly<Record<string, string | Uint8Array>> {
  if (files !== undefined) return files;
  const folder = dirname(fileURLToPath(import.meta.resolve('@ironcalc/wasm')));
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(js|wasm)$/.test(name),
  );
  files = {
    'package.json': '{"type":"module"}',
    'recalculate.mjs': readFileSync(new URL('./recalculate.mjs', import.meta.url)),
    ...Object.fromEntries(scripts.map((name) => [name, readFileSync(join(folder, name))])),
  };
  return files;
}
