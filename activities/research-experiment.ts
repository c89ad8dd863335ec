// From a research to campaign files: an experiment that rests on its report, and its way to people by a signed decision.
import { z } from 'zod';
import { campaignsOf, proposeExperiment } from '../agents/researcher/experiment.ts';
import { artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type ExperimentSpec, experimentSpec } from '../contracts/experiment.ts';
import { evidence as evidenceSchema, FACTS } from '../contracts/gate.ts';
import { sha256 } from '../contracts/ids.ts';
import { researchKey } from '../contracts/names.ts';
import { baseCampaign, researchReport, spent as spentSchema } from '../contracts/research.ts';
import { readAnswer } from './gates.ts';
import { once } from './once.ts';
import type { ResearchActivities } from './research-interface.ts';
import { NOTHING, NUMBER, type ResearchPorts, session } from './research-ports.ts';

const proposed = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('none'), why: z.string(), spent: spentSchema }),
  z.strictObject({ how: z.literal('proposed'), object: artifactRef, spec: experimentSpec, spent: spentSchema }),
]);

export function createExperimentActivities(
  ports: ResearchPorts,
): Pick<ResearchActivities, 'proposeExperiment' | 'handOut'> {
  const { store, documents, model } = ports;

  return {
    proposeExperiment: ({ research, report, base, left }) =>
      once(store, researchKey(research, 'experiment'), proposed, async (): Promise<z.infer<typeof proposed>> => {
        if (model === undefined)
          return { how: 'none', why: 'no model is configured that could propose one', spent: NOTHING };
        const [found, given] = [await documents.read(researchReport, report), await documents.read(baseCampaign, base)];
        if (found.answer !== 'said')
          return { how: 'none', why: 'nothing stands in the report that it could rest on', spent: NOTHING };
        const chat = session(model, { research, number: NUMBER.experimenter, budget: left });
        const asked = await proposeExperiment({ report: found, base: given.text, chat }, ports.signal());
        const none = (why: string) => ({ how: 'none' as const, why, spent: asked.spent });
        if ('failed' in asked) return none(asked.failed);
        const draft = asked.value;
        const claims = new Set(found.sections.flatMap((one) => one.claims.map(({ id }) => id)));
        const made = campaignsOf(given.text, draft, research);
        if ('why' in made) return none(made.why);
        const arms: ExperimentSpec['arms'] = [];
        for (const { name, settings, text } of made.arms) {
          const [problem] = await ports.validate(given, text);
          if (problem !== undefined) return none(`the campaign ${name} would not be valid: ${problem}`);
          arms.push({ name, settings, campaign: await store.put(text) });
        }
        const spec: ExperimentSpec = {
          ...{ ...draft, schema: 'anneal/experiment/v1', name: arms[0]!.name, base, arms },
          grounds: draft.grounds.filter((id) => claims.has(id)),
        };
        return { how: 'proposed', object: await documents.write(experimentSpec.parse(spec)), spec, spent: asked.spent };
      }),

    async handOut({ research, owner, gate, evidence, experiment }) {
      const shown = await documents.read(evidenceSchema, evidence);
      const none = (why: string): AnnealError => new AnnealError('decision.not_verified', why);
      const attached = shown.attachments.filter(({ name }) => name === 'experiment').map(({ object }) => object.sha256);
      const named = shown.facts.filter(({ name }) => name === FACTS.experiment).map(({ value }) => value);
      const isAbout =
        shown.kind === 'plan' && shown.gate === gate && gate === `${research}.plan-1` && attached.length === 1;
      if (!isAbout || attached[0] !== experiment.sha256 || named[0] !== experiment.sha256)
        throw none(`${gate} was not about this experiment`);
      const answer = await readAnswer(store, gate);
      if (answer?.how !== 'decided') throw none(`nobody has decided on ${gate}`);
      if (answer.decision.body.option !== 'hand-out')
        throw none(`the decision on ${gate} is ${answer.decision.body.option}`);
      await ports.identity.verifyAll(answer, {
        ...{
          campaign: shown.campaign,
          runChain: shown.runChain,
          gate,
          evidenceHash: sha256.parse(evidence.sha256),
          owner,
        },
        options: shown.options.map(({ name }) => name),
      });
      await store.createNamed(researchKey(research, 'handed-out'), canonicalJson(experiment));
    },
  };
}
