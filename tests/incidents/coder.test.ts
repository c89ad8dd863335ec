// The planted incidents that no remedy takes, mended by the coding agent with a *scripted* model, in the real sandbox.
import { describe, expect, test, vi } from 'vitest';
import { playCoder } from '../../agents/coder/play.ts';
import { edited } from '../../agents/workspace/left.ts';
import type { Files } from '../../contracts/agent-ports.ts';
import { keptWorkspace } from '../../evals/workspace/kept.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { scriptedChat } from '../support/scripted-chat.ts';
import { plantedIncident, plantedNames, runOf, runOfMended, testsOf } from './planted.ts';
import { CODING_SCRIPTS } from './scripts.ts';

vi.setConfig({ testTimeout: 300_000 });

const runWork = openWorkspace(createBubblewrapSandbox());
const incidents = (await Promise.all(plantedNames().map(plantedIncident))).filter(({ by }) => by.kind === 'coder');

test('there is a script for each', () => {
  expect(Object.keys(CODING_SCRIPTS).sort()).toEqual(incidents.map(({ name }) => name));
});

describe.each(incidents)('$name', (incident) => {
  test('is mended', async () => {
    const { diagnosis, log } = await runOf(runWork, incident, incident.files);
    const chat = scriptedChat(CODING_SCRIPTS[incident.name]!);
    const played = await playCoder({
      files: incident.files,
      task: { title: incident.title, instruction: `The run is started by: ${incident.command}` },
      material: [
        { title: 'diagnosis', text: JSON.stringify(diagnosis) },
        { title: 'end of the log', text: log.slice(-2_000) },
      ],
      skills: [],
      budget: { turns: 20, tokens: 20_000, seconds: 240 },
      ports: { chat, runWork, openDesk: (of) => keptWorkspace(runWork, of) },
      signal: new AbortController().signal,
    });
    expect(played).toMatchObject({ end: 'done', requests: CODING_SCRIPTS[incident.name]!.length });
    // It saw its own test fail, and pass.
    const results = played.transcript.turns.filter(({ role }) => role === 'tool').map(({ content }) => content);
    expect(results.some((one) => one.includes('FAILED'))).toBe(true);
    expect(results.at(-1)).toMatch(/\nOK$/);
    const tests = [...played.edits].filter(([path]) => path.startsWith('tests/'));
    expect(tests).toHaveLength(1);
    const after = edited(incident.files, played.edits);
    expect(await testsOf(runWork, new Map([...incident.files, ...tests]) as Files)).toMatchObject({ passed: false });
    expect(await testsOf(runWork, after)).toMatchObject({ passed: true });
    expect(await runOfMended(runWork, incident, after)).toMatchObject({ exitCode: 0, diagnosis: { cause: 'healthy' } });
  });
});
