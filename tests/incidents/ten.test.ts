// The ten planted incidents, whole: the run that really fails, its log, the repair, the decision where one is needed, the branch, and the run that
// is well by what the branch has then. Four of them are mended by a *scripted* model. ANNEAL_INCIDENTS=all plays all; else two are.
// What became of each is told for the report (told.ts).
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDocuments } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { type Means, proposedChange } from '../../contracts/change.ts';
import { type IncidentEnd, mergeRequest } from '../../contracts/incident.ts';
import { incidentKey } from '../../contracts/names.ts';
import type { Skill } from '../../contracts/skill.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { skillLibrary } from '../../worker/incidents.ts';
import { type IncidentWorld, incidentWorld } from '../support/incident-world.ts';
import { withTemporal } from '../support/play-campaign.ts';
import { scriptedChat } from '../support/scripted-chat.ts';
import { tellFigures } from '../support/told-figures.ts';
import { type FailedRun, type PlantedIncident, plantedIncident, plantedNames, runOf } from './planted.ts';
import { CODING_SCRIPTS } from './scripts.ts';
import { type ToldIncident, tellIncident } from './told.ts';

vi.setConfig({ testTimeout: 600_000 });
withTemporal();

const runWork = openWorkspace(createBubblewrapSandbox());
const all = await Promise.all(plantedNames().map(plantedIncident));
const byKind = (kind: string): PlantedIncident | undefined => all.find(({ by }) => by.kind === kind);
const played =
  process.env.ANNEAL_INCIDENTS === 'all' ? all : [byKind('remedy'), byKind('coder')].filter((one) => one !== undefined);

let skills: readonly Skill[];
beforeAll(async () => {
  skills = await skillLibrary(join(import.meta.dirname, '../../skills'))();
});
let world: IncidentWorld;
afterEach(() => world.close());

describe.each(played)('$name', (incident) => {
  test('goes from its failed run to a branch whose run is well', async ({ task }) => {
    const failed = await runOf(runWork, incident, incident.files);
    expect(failed.diagnosis.cause).toBe(incident.cause);
    const text = new TextDecoder();
    world = await incidentWorld({
      files: Object.fromEntries([...incident.files].map(([path, bytes]) => [path, text.decode(bytes)])),
      skills,
      ...(incident.by.kind === 'coder' && {
        model: { name: 'scripted-coder', chat: () => scriptedChat(CODING_SCRIPTS[incident.name]!) },
        ports: { review: async () => ({ how: 'absent', why: 'nobody reviews in this test' }) as const },
      }),
    });
    const name = incident.name.slice(0, 30);
    const began = performance.now();
    const { ended } = await world.open(name, failed.log);
    let asked: string | null = null;
    // What a model made that saw the log waits for a human; a remedy's change of nothing critical does not.
    if (incident.by.kind === 'coder') {
      const gate = `${name}.merge-1`;
      await vi.waitFor(async () => expect(await world.gates.open()).toContain(gate), {
        timeout: 300_000,
        interval: 500,
      });
      const { view, evidence } = await world.gates.look(gate);
      expect(evidence.why).toContain('whoever made it had read what nobody vouches for');
      expect(JSON.stringify(evidence.facts)).toContain('scripted model scripted-coder');
      asked = evidence.why;
      const answer = { option: 'merge', reason: 'It was read.', unattended: false };
      await answerGate({ gates: world.gates, signer: async () => world.identity }, view.context, answer);
    }
    const end = await ended;
    const seconds = (performance.now() - began) / 1_000;
    expect(end).toMatchObject({ how: 'merged', cause: incident.cause });
    const after = await runOf(runWork, incident, await world.files());
    tellFigures(task, { mended: Number(after.exitCode === 0), seconds: Math.round(seconds) });
    expect(after).toMatchObject({ exitCode: 0, diagnosis: { cause: 'healthy' } });
    if (end.how === 'merged') tellIncident({ ...(await toldOf(incident, failed, end)), asked, seconds });
  });
});

async function toldOf(
  { name, title, command, cannotKnow }: PlantedIncident,
  { diagnosis }: FailedRun,
  { incident, change, commit }: Extract<IncidentEnd, { how: 'merged' }>,
): Promise<Omit<ToldIncident, 'asked' | 'seconds'>> {
  const documents = createDocuments(world.store);
  const object = await world.store.readNamed(incidentKey(incident, `requests/${change}`));
  const request = await documents.read(
    mergeRequest,
    artifactRef.parse(JSON.parse(new TextDecoder().decode(object!.bytes))),
  );
  const { by } = await documents.read(proposedChange, request.proposal);
  const { means } = by;
  const { cause, confidence, summary, firstFault, evidence } = diagnosis;
  return {
    ...{ name, title, command, cannotKnow, cause, confidence, summary },
    firstFault: evidence.find(({ line }) => line === firstFault?.line)?.text ?? null,
    by: madeBy(means),
    failToPass: request.checked.failToPass,
    passToPass: request.checked.passToPass,
    patch: world.git('show', '--format=', commit),
    after: 'ends well',
  };
}

function madeBy(means: Means): string {
  if (means.kind === 'remedy') return `remedy \`${means.skill}\``;
  return means.kind === 'model' ? `${means.scripted ? '*scripted* ' : ''}model` : means.kind;
}
