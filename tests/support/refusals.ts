// For journeys of things going wrong: campaign files that differ from the small one, and what every refusal owes.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { ERRORS, type ErrorCode, EXIT } from '../../contracts/errors.ts';
import type { Finished } from './journey.ts';

export type Plain = Record<string, unknown>;
const REPO = join(import.meta.dirname, '..', '..');
const SMALL = parse(readFileSync(join(REPO, 'tests', 'journeys', 'small.yaml'), 'utf8')) as Plain;

/** A section of the small campaign with changes. */
export const within = (section: string, changes: Plain): Plain => ({
  [section]: { ...(SMALL[section] as Plain), ...changes },
});

/** No function of these names exists, so that construction ends with no task and asks at a gate: cheap and complete. */
export const EMPTY = within('tasks', { only: ['operator.no_such', 'operator.nor_this', 'operator.nor_that'] });

/** A folder for campaign files: the small one, changed, or any text. */
export function openFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-bad-'));
  return {
    folder,
    write(name: string, changes: Plain | string): string {
      const path = join(folder, `${name}.yaml`);
      writeFileSync(path, typeof changes === 'string' ? changes : stringify({ ...SMALL, name, ...changes }));
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const hasPage = (code: ErrorCode): boolean => existsSync(join(REPO, 'docs', 'errors', `${code}.md`));

/** The three things that every failure owes: code on stdout as JSON, exit code by the table, page named on stderr and present. */
export function expectRefusal(finished: Finished, code: ErrorCode): void {
  const said = finished.stdout + finished.stderr;
  expect(finished.code, said).toBe(EXIT[ERRORS[code].exit]);
  expect(JSON.parse(finished.stdout), said).toMatchObject({ error: { code } });
  expect(finished.stderr).toContain(`docs/errors/${code}.md`);
  expect(hasPage(code)).toBe(true);
}
