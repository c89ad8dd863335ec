// A team's cycle with the real activities of team, research and gates; its campaigns are *scripted*, and so is the model behind `chat`.
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { createResearchActivities } from '../../activities/research.ts';
import type { ResearchModel } from '../../activities/research-ports.ts';
import { createRlTeamActivities } from '../../activities/rl-team.ts';
import { createTellingActivities } from '../../activities/tellings.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import type { LocalIdentity } from '../../infra/identity/local.ts';
import { validateCampaign } from '../../worker/research.ts';
import { teamPorts } from '../../worker/rl-team.ts';
import { scriptedActivities, scriptedSpec } from '../support/scripted-activities.ts';

export const BASE = scriptedSpec('team-base', { rounds: 1 });

export function teamActivities(of: {
  readonly store: ArtifactStore;
  readonly identity: LocalIdentity;
  readonly audit: AuditLog;
  readonly model: ResearchModel | undefined;
}) {
  const { store, identity, audit, model } = of;
  const documents = createDocuments(store);
  return {
    campaigns: scriptedActivities({ passRates: [0.1, 0.05] }).activities,
    real: {
      ...createResearchActivities({
        ...{ store, documents, identity, model, judge: { absent: 'none is configured' }, search: undefined },
        ...{ validate: validateCampaign(store), signal: () => new AbortController().signal, now: () => new Date() },
      }),
      ...createRlTeamActivities({
        ...{ store, documents, identity },
        ...teamPorts({ store, documents, hasModel: model !== undefined }),
      }),
      ...createGateActivities({ store, documents, identity, critical: ['plan', 'review'], audit }),
      ...createTellingActivities({ store, documents, onCall: undefined, tell: async () => {}, lent: async () => [] }),
    },
  };
}
