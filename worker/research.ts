// What a research is made of on this worker: the operator's model through the gateway, a judge of another family, a search server, and the
// validation that campaign files are held to.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { ResearchModel, ResearchPorts } from '../activities/research-ports.ts';
import { readCampaign } from '../cli/spec/read.ts';
import { isScripted } from '../contracts/agent-model.ts';
import type { AgentAccess } from '../contracts/agent-ports.ts';
import { agentCase } from '../contracts/agent-session.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { Config } from '../infra/config.ts';
import { openJudge } from '../infra/judge-model/open.ts';
import { makeTemporaryFolder } from '../infra/process/work-folder.ts';
import { openWebSearch } from '../infra/research/web-search.ts';
import { agentGrant } from '../policies/agent-grant.ts';
import { familyOf } from '../policies/judge-calibration.ts';

export interface ResearchParts extends Pick<ResearchPorts, 'store' | 'documents' | 'identity'> {
  readonly access: Pick<AgentAccess, 'chat'>;
  readonly config: Pick<Config, 'agentModel' | 'research' | 'judgeKeys'>;
}

export function researchPorts({ store, documents, identity, access, config }: ResearchParts): ResearchPorts {
  const { url, name } = config.agentModel;
  const { searchUrl } = config.research;
  return {
    ...{ store, documents, identity },
    model: url === undefined || name === undefined ? undefined : researchModel(name, access),
    judge: judgeOf(config),
    search: searchUrl === undefined ? undefined : openWebSearch(searchUrl),
    validate: validateCampaign(store),
    signal: cancellationSignal,
    now: () => new Date(),
  };
}

/** Each sub-agent has a session of its own at the gateway, which records every request. */
export const researchModel = (name: string, access: Pick<AgentAccess, 'chat'>): ResearchModel => ({
  name,
  scripted: isScripted(name),
  chat({ research, number, budget }) {
    const session = { case: agentCase.parse(research), role: 'researcher', number } as const;
    // A worker that died has asked already: its successor's requests are told from those.
    return access.chat(agentGrant(session, budget, activityInfo().attempt - 1));
  },
});

/** One that shares its family with the model that claims would share its errors. */
function judgeOf({ research, agentModel, judgeKeys }: ResearchParts['config']): ResearchPorts['judge'] {
  const { url, model, family } = research.judge;
  if (url === undefined || model === undefined) return { absent: 'none is configured' };
  const own = family ?? familyOf(model);
  const other = agentModel.family ?? familyOf(agentModel.name ?? '');
  if (own === '' || own.toLowerCase() === other.toLowerCase())
    return { absent: `${model} is of the family of the model that reads (${other}), and is not asked` };
  const open = openJudge(judgeKeys);
  return {
    model: open({ endpoint: url, model, family: own, calibration: 'none', leastAgreement: 0 }),
    scripted: isScripted(model),
  };
}

/** By the rules of ./anneal validate, in a folder that holds what the base campaign named. */
export const validateCampaign =
  (store: Pick<ArtifactStore, 'get'>): ResearchPorts['validate'] =>
  async (base, text) => {
    const folder = await makeTemporaryFolder('experiment');
    try {
      for (const { path, object } of base.files) {
        const place = resolve(folder, path);
        if (!place.startsWith(`${folder}/`)) return [`${path} leads out of the campaign's folder`];
        await mkdir(object === null ? place : dirname(place), { recursive: true });
        if (object !== null) await writeFile(place, await store.get(object));
      }
      const file = join(folder, 'campaign.yaml');
      await writeFile(file, text);
      await readCampaign(file);
      return [];
    } catch (failure) {
      if (!(failure instanceof AnnealError) || !failure.code.startsWith('spec.')) throw failure;
      const problems = failure.problems.map(
        ({ path, expected, got }) => `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`,
      );
      return problems.length > 0 ? problems : [failure.message];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
