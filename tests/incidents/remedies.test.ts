// The planted incidents, from the run that fails to the run that does not: six are mended by a remedy of the library, four by none.
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { proposeByRemedy } from '../../agents/remedies/propose.ts';
import { edited } from '../../agents/workspace/left.ts';
import type { Files } from '../../contracts/agent-ports.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { shippedSkills } from '../support/shipped-skills.ts';
import { plantedIncident, plantedNames, runOf, runOfMended, testsOf } from './planted.ts';

vi.setConfig({ testTimeout: 300_000 });

const runWork = openWorkspace(createBubblewrapSandbox());
const skills = await shippedSkills();
const incidents = await Promise.all(plantedNames().map(plantedIncident));

test('there are ten, of ten repositories; six for remedies, four for the coding agent', () => {
  expect(incidents).toHaveLength(10);
  expect(new Set(incidents.map(({ by }) => (by.kind === 'remedy' ? by.skill : by.kind))).size).toBe(7);
  expect(incidents.filter(({ by }) => by.kind === 'coder')).toHaveLength(4);
  for (const { cannotKnow } of incidents) expect(cannotKnow.length).toBeGreaterThan(40);
});

test('docs/skills.md tells of each what the files say', () => {
  const page = readFileSync(new URL('../../docs/skills.md', import.meta.url), 'utf8').split('## Ten planted')[1]!;
  const rows = [...page.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| `?([^|`]+)`? \| ([^|]+) \|$/gm)];
  expect(rows.map((row) => row.slice(1, 4).map((cell) => cell.trim()))).toEqual(
    incidents.map(({ name, cause, by }) => [
      name,
      cause,
      by.kind === 'remedy' ? by.skill.split('/').at(-1)! : 'coding agent',
    ]),
  );
});

describe.each(incidents)('$name', (incident) => {
  test('fails, its own tests notwithstanding, and its log says of what', async () => {
    expect(await testsOf(runWork, incident.files)).toMatchObject({ passed: true });
    const { exitCode, diagnosis } = await runOf(runWork, incident, incident.files);
    expect(exitCode).not.toBe(0);
    expect(diagnosis.cause).toBe(incident.cause);
  });

  test(incident.by.kind === 'remedy' ? 'is mended by a remedy' : 'is none of any remedy', async () => {
    const { diagnosis } = await runOf(runWork, incident, incident.files);
    const done = await proposeByRemedy({ files: incident.files, diagnosis, skills, runWork });
    if (incident.by.kind === 'coder') {
      if (done.how === 'edited') throw new Error(`${done.skill.name}: ${done.said}`);
      expect(done.tried.length).toBeGreaterThan(0);
      expect(done.tried.filter(({ why }) => /^it (failed|ran|was|wrote)/.test(why))).toEqual([]);
      return;
    }
    if (done.how !== 'edited') throw new Error(JSON.stringify(done.tried, null, 1));
    expect(done.skill.name).toBe(incident.by.skill);
    const after = edited(incident.files, done.edits);
    const tests = [...done.edits].filter(([path]) => path.startsWith('tests/'));
    expect(tests).toHaveLength(1);
    expect(await testsOf(runWork, new Map([...incident.files, ...tests]) as Files)).toMatchObject({ passed: false });
    expect(await testsOf(runWork, after)).toMatchObject({ passed: true });
    const again = await runOfMended(runWork, incident, after);
    expect(again.log.slice(-300)).not.toContain('Traceback');
    expect(again).toMatchObject({ exitCode: 0, diagnosis: { cause: 'healthy' } });
  });
});
