// The steps of a research: each reads what the ones before left in the store and leaves what it found there, under the research's name, so that a
// sub-agent that is done is never asked again, whoever asks.
import { z } from 'zod';
import type { Library } from '../agents/researcher/documents.ts';
import { openLibrary } from '../agents/researcher/documents.ts';
import { isBorneOut } from '../agents/researcher/judge.ts';
import { planQuestions } from '../agents/researcher/plan.ts';
import { readPassages } from '../agents/researcher/read.ts';
import { chooseClaims, extracts } from '../agents/researcher/write.ts';
import { type ArtifactRef, artifactRef } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { researchKey } from '../contracts/names.ts';
import {
  type Claim,
  type Corpus,
  corpus as corpusSchema,
  drops,
  type Reading,
  type ResearchReport,
  reading as readingSchema,
  researchEnd,
  researchInput,
  researchReport,
  spent as spentSchema,
} from '../contracts/research.ts';
import type { Found } from '../policies/passages.ts';
import { MOST_EXTRACTS, mergedClaims, partsOf, passagesOfPart, sumOfDrops } from '../policies/research.ts';
import { lastWord, once } from './once.ts';
import { createExperimentActivities } from './research-experiment.ts';
import type { ReadPart, ResearchActivities } from './research-interface.ts';
import { NOTHING, NUMBER, type ResearchPorts, session } from './research-ports.ts';

const began = z.strictObject({ runChain: z.string(), at: z.iso.datetime() });
const planned = z.strictObject({
  questions: z.array(z.string()).min(1),
  spent: spentSchema,
  failed: z.string().optional(),
});
const readPart = z.strictObject({
  ...{ object: artifactRef, claims: z.int(), dropped: z.int(), spent: spentSchema, failed: z.string().optional() },
});
const searched = z.strictObject({ corpus: artifactRef.nullable(), found: z.int(), failed: z.string().optional() });
const written = z.strictObject({
  ...{ report: artifactRef, answer: researchReport.shape.answer, claims: z.int(), spent: spentSchema },
});
export function createResearchActivities(ports: ResearchPorts): ResearchActivities {
  const { store, documents, model, judge } = ports;
  const libraries = new Map<string, Promise<Library>>();

  return {
    ...createExperimentActivities(ports),

    async openResearch({ input, runChain }) {
      const { research } = researchInput.parse(input);
      const begin = async () => ({ runChain, at: ports.now().toISOString() });
      return {
        ...(await once(store, researchKey(research, 'began'), began, begin)),
        hasModel: model !== undefined,
        hasSearch: ports.search !== undefined,
        noJudge: 'absent' in judge ? judge.absent : undefined,
      };
    },

    planResearch: ({ research, question, left }) =>
      once(store, researchKey(research, 'plan'), planned, async () => {
        if (model === undefined) return { questions: [question], spent: NOTHING };
        return planQuestions(
          question,
          session(model, { research, number: NUMBER.planner, budget: left }),
          ports.signal(),
        );
      }),

    searchWeb: ({ research, questions }) =>
      once(store, researchKey(research, 'searched'), searched, async () => {
        if (ports.search === undefined) return { corpus: null, found: 0 };
        const found: Corpus['documents'] = [];
        const seen = new Set<string>();
        let failed: string | undefined;
        for (const question of questions)
          try {
            for (const { url, title, text } of await ports.search(question, ports.signal())) {
              if (seen.has(url) || text.trim() === '') continue;
              seen.add(url);
              found.push({ path: url.slice(0, 1_000), form: 'text', object: await store.put(`${title}\n\n${text}`) });
            }
          } catch (failure) {
            // What the folder says is worth having without it, and the report tells that it is missing.
            if (!(failure instanceof AnnealError) || failure.code !== 'research.search_failed') throw failure;
            failed = failure.message;
          }
        const made: Corpus = { schema: 'anneal/research-corpus/v1', documents: found, refused: [] };
        const object = found.length === 0 ? null : await documents.write(made);
        return { corpus: object, found: found.length, ...(failed === undefined ? {} : { failed }) };
      }),

    async findPassages({ corpora, questions }) {
      const { search } = await library(corpora);
      return { parts: partsOf(questions.map((question) => search(question, MOST_EXTRACTS.read).length)) };
    },

    async readPart({ research, corpora, part, question, judged, left }) {
      return once(store, researchKey(research, `readings/q${part.question}-p${part.part}`), readPart, async () => {
        if (model === undefined) throw new AnnealError('internal.bug', 'nobody can read: there is no model');
        const shelf = await library(corpora);
        const found = passagesOfPart(shelf.search(question, MOST_EXTRACTS.read), part.part);
        const made = await readPassages({
          ...{ library: shelf, question, passages: found.map(({ passage }) => passage) },
          // Without a judge nobody looks at the meaning.
          strictness: judged ? 'half the words' : 'words',
          chat: session(model, { research, number: NUMBER.reader(part), budget: left }),
          signal: ports.signal(),
        });
        return told(made, await documents.write(made));
      });
    },

    judgePart: ({ research, part, reading }) =>
      once(store, researchKey(research, `judged/q${part.question}-p${part.part}`), readPart, async () => {
        if ('absent' in judge) throw new AnnealError('internal.bug', 'nobody can judge: there is no judge');
        const read = await documents.read(readingSchema, reading);
        const claims: Claim[] = [];
        for (const claim of read.claims) if ((await isBorneOut(claim, judge.model)) === true) claims.push(claim);
        const refused = read.claims.length - claims.length;
        const dropped = { ...read.dropped, ...(refused > 0 ? { judge: refused } : {}) };
        const made: Reading = { ...read, claims, dropped, spent: NOTHING };
        return told(made, await documents.write(made));
      }),

    writeReport: (of) =>
      once(store, researchKey(of.research, 'written'), written, async () => {
        const shelf = await library(of.corpora);
        const refused = (await Promise.all(of.corpora.map((ref) => documents.read(corpusSchema, ref)))).flatMap(
          (one) => one.refused,
        );
        const readings = await Promise.all(
          of.readings.map(async ({ part, object }) => ({ part, ...(await documents.read(readingSchema, object)) })),
        );
        const { claims, twice } = mergedClaims(readings);
        const ask = of.hasModel && claims.length > 0 && model !== undefined && of.left.turns > 0;
        const choice = ask
          ? await chooseClaims(
              of.question,
              claims,
              session(model, { research: of.research, number: NUMBER.writer, budget: of.left }),
              ports.signal(),
            )
          : { chosen: undefined, spent: NOTHING };
        const chosen = (choice.chosen ?? claims.map(({ id }) => id)).map((id) => claims.find((one) => one.id === id)!);
        const sections = of.questions
          .map((about, index) => ({
            about,
            claims: chosen.filter(({ question }) => question === index).map(({ question: _, ...one }) => one),
          }))
          .filter((one) => one.claims.length > 0);
        const spent = { turns: of.spent.turns + choice.spent.turns, tokens: of.spent.tokens + choice.spent.tokens };
        const best = shelf.search(of.question, of.hasModel ? MOST_EXTRACTS.beside : MOST_EXTRACTS.alone);
        const report: ResearchReport = {
          ...{ schema: 'anneal/research-report/v1', research: of.research, question: of.question },
          mode: of.hasModel ? 'read' : 'extractive',
          by: of.hasModel && model !== undefined ? { model: model.name, scripted: model.scripted } : null,
          judge:
            of.noJudge !== undefined || 'absent' in judge
              ? { absent: of.noJudge ?? 'none is configured' }
              : { model: judge.model.model, family: judge.model.family, scripted: judge.scripted },
          answer: !of.hasModel ? 'extracts' : sections.length > 0 ? 'said' : 'not-said',
          ...{ sections, passages: extracts(best as Found[], shelf) },
          offered: readings.reduce((sum, one) => sum + one.offered, 0),
          dropped: drops.parse(
            sumOfDrops([...readings.map((one) => one.dropped), { twice, 'left-out': claims.length - chosen.length }]),
          ),
          read: { documents: shelf.documents.length, passages: shelf.passages.length, refused },
          spent,
          notes: [...of.notes, ...('failed' in choice && choice.failed !== undefined ? [choice.failed] : [])],
        };
        const object = await documents.write(researchReport.parse(report));
        return { report: object, answer: report.answer, claims: chosen.length, spent };
      }),

    async recordResearchEnd({ end }) {
      // A machine's fault is no last word: asked again, it goes on from what is on record.
      await lastWord(store, researchKey(end.research, 'end'), researchEnd, end, ({ how }) => how !== 'failed');
    },
  };

  /** A folder is indexed once a process. */
  function library(corpora: readonly ArtifactRef[]): Promise<Library> {
    const key = corpora.map((one) => one.sha256).join('+');
    const known = libraries.get(key);
    if (known !== undefined) return known;
    const opening = (async () => {
      const all = await Promise.all(corpora.map((ref) => documents.read(corpusSchema, ref)));
      const whole: Corpus = { ...all[0]!, documents: all.flatMap((one) => one.documents) };
      return openLibrary(whole, ({ object }) => store.get(object));
    })();
    libraries.set(key, opening);
    opening.catch(() => libraries.delete(key));
    if (libraries.size > MOST_LIBRARIES) libraries.delete(libraries.keys().next().value!);
    return opening;
  }
}
const MOST_LIBRARIES = 2;

const told = ({ claims, dropped, spent, failed }: Reading, object: ArtifactRef): ReadPart => ({
  ...{ object, claims: claims.length, spent },
  dropped: Object.values(dropped).reduce((sum, one) => sum + (one ?? 0), 0),
  ...(failed === undefined ? {} : { failed }),
});
