// An installation that answers questions to documents: the real activities on a real Temporal server, with a *scripted* model.
import { rm } from 'node:fs/promises';
import { atBoundary } from '../../activities/boundary.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { createResearchActivities } from '../../activities/research.ts';
import type { ResearchPorts } from '../../activities/research-ports.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import { carryBase } from '../../cli/commands/research.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { researchWorkflowId } from '../../contracts/names.ts';
import { type ResearchEnd, type ResearchInput, researchEnd } from '../../contracts/research.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { createResearches } from '../../infra/temporal/research.ts';
import { validateCampaign } from '../../worker/research.ts';
import { openPeople } from '../support/people.ts';
import { temporal, workersOf } from '../support/play-campaign.ts';

export const BUDGET = { turns: 60, tokens: 200_000, seconds: 600 };

export async function researchWorld(ports: Partial<ResearchPorts> = {}) {
  const at = await openPeople();
  const { store, identity, audit } = at;
  const documents = createDocuments(store);
  const stop = await workersOf(
    atBoundary({
      ...createResearchActivities({
        ...{ store, documents, identity, model: undefined, judge: { absent: 'none is configured' }, search: undefined },
        ...{ validate: validateCampaign(store), signal: () => new AbortController().signal, now: () => new Date() },
        ...ports,
      }),
      ...createGateActivities({ store, documents, identity, critical: ['merge'], audit }),
      ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => {}, lent: async () => [] }),
    }),
  );
  const researches = createResearches(temporal(), store);
  return {
    ...at,
    researches,
    gates: createGates(temporal(), store),
    async begin(folder: string, question: string, more: Partial<ResearchInput> & { campaign?: string } = {}) {
      const { campaign, ...given } = more;
      const research = await researches.ask({
        ...{ question, owner: 'somebody', budget: BUDGET },
        base: campaign === undefined ? null : await carryBase({ store }, campaign),
        corpus: await store.put(canonicalJson(await readDocuments(folder, store))),
        ...given,
      });
      const handle = temporal().workflow.getHandle(researchWorkflowId(research));
      return { research, ended: async (): Promise<ResearchEnd> => researchEnd.parse(await handle.result()) };
    },
    async close() {
      await stop();
      await rm(at.root, { recursive: true, force: true });
    },
  };
}
