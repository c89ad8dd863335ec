// document@2 to 4: a report in Markdown, Word or HTML against a deliverable spec. Gates first, all of them deterministic; a rubric, where the task
// has one, is asked only of what passed them; version 3 asks it with criteria among it whose answers are known; version 4 compares tables with
// the task's data, and says where nobody judges the prose.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import type { Browser, BrowserLimits } from '../../../contracts/browser.ts';
import { rubric } from '../../../contracts/judge.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import type { Artifact } from '../artifact.ts';
import { bounded, isLarge } from '../bounded.ts';
import { broken, held, refused, sha256Of } from '../gates.ts';
import { pictured } from '../rendered/png.ts';
import { browserOf, visitJustly } from '../rendered/visit.ts';
import { judgeRubric, type RubricWay } from '../rubric/judging.ts';
import { probed } from '../rubric/probed.ts';
import { plain } from '../rubric/rubric.ts';
import { type ArtifactVerifier, defineVerifier } from '../verifier.ts';
import { type Block, sectionsOf, textOfBlock, wordsOf } from './blocks.ts';
import { contentGates, readableGates } from './content.ts';
import { CONTRADICTION, contradictsItself, judgedBy, judgedByRulesAlone, specHolds, unjudged } from './judged-by.ts';
import { readDocument } from './read.ts';
import { renderProblem, toHtml } from './render.ts';
import { outside, same } from './same.ts';
import { seenBlocks } from './seen-blocks.ts';
import { contentSpec, contentSpecThree, type Range } from './spec.ts';

const range = z.strictObject({ min: z.int().nonnegative().default(0), max: z.int().positive().default(1_000_000) });

const documentCheckThree = z.strictObject({
  file: relativePath,
  as: z.enum(['markdown', 'docx', 'html']),
  /** In this order; further sections may stand between them. */
  sections: z.array(z.strictObject({ heading: z.string().min(1), words: range.optional() })).min(1),
  content: contentSpecThree,
  /** Also look at the picture of it: not blank, nothing cut off or beside the page, nothing too small to read. Always so for HTML. */
  rendered: z.boolean().default(true),
  rubric: rubric.nullable(),
});
export const documentCheck = z
  .strictObject({ ...documentCheckThree.shape, content: contentSpec, judgedByRulesAlone })
  .refine((check) => !contradictsItself(check), CONTRADICTION);
export type DocumentCheck = z.infer<typeof documentCheck>;
/** Of every version: what an older one lacks was never asked for. */
type AnyCheck = Omit<DocumentCheck, 'judgedByRulesAlone'> & { readonly judgedByRulesAlone?: boolean };

const LIMITS: BrowserLimits = { wallMs: 60_000, stepMs: 10_000, diskBytes: 64 * 2 ** 20 };
/** About A4 at 96 pixels an inch. */
const PAGE = { width: 794, height: 1123 };

const judgeWith =
  (way: RubricWay, version: 2 | 3 | 4): ArtifactVerifier<AnyCheck>['judge'] =>
  async ({ check, artifact, given, instruments }) => {
    const apart = check.as === 'docx' || isLarge(artifact.get(check.file)?.length ?? 0);
    const parsed = await bounded('document', readDocument, apart, { file: check.file, as: check.as }, artifact);
    if ('why' in parsed) return refused([broken('reads', parsed.why)]);
    const show = (files: Artifact, entry: string) =>
      shown(browserOf(instruments, 'a document’s picture'), files, entry);
    const early = 'html' in parsed ? await show(artifact, check.file) : undefined;
    if (early !== undefined && 'why' in early) return refused([broken('reads', early.why)]);
    const blocks = 'html' in parsed ? early!.blocks : parsed.blocks;
    const gates: GateResult[] = [held('reads', `${blocks.length} blocks`)];
    const sections = sectionProblem(check.sections, blocks);
    gates.push(sections === undefined ? held('sections', 'all there, in order') : broken('sections', sections));
    if (sections !== undefined) return refused(gates);
    const text = blocks.map(textOfBlock).join('\n\n');
    const content = await bounded('content', contentGates, isLarge(text.length), blocks, check.content, given);
    gates.push(...('why' in content ? [broken('content', content.why)] : content));
    gates.push(...readableGates(text, check.rubric));
    const words = wordsOf(blocks.map(textOfBlock).join(' ')).length;
    const headings = sectionsOf(blocks).map(({ heading }) => heading);
    if (gates.some(({ passed }) => !passed)) return refused(gates, [], { words, headings });
    let picture: string | null = null;
    if (early !== undefined || check.rendered) {
      const look = early ?? (await show(new Map([['document.html', Buffer.from(toHtml(blocks))]]), 'document.html'));
      const why = 'why' in look ? look.why : look.problem;
      gates.push(why === undefined ? held('looks', 'nothing blank, cut off or tiny') : broken('looks', why));
      if ('why' in look || why !== undefined) return refused(gates, [], { words, headings });
      picture = look.picture;
    }
    const judged = check.rubric === null ? undefined : await judgeRubric(way, text, check.rubric, instruments);
    const judge = judged === undefined ? {} : { judge: { ...judged.seen } };
    const spec = { name: 'spec', kind: 'outcome' as const, score: 1, weight: 1, why: specHolds(check) };
    return {
      gates,
      components: [spec, ...(judged?.components ?? [])],
      runs: [],
      seen: { words, headings, picture, ...judge, ...(version < 4 ? {} : { judgedBy: judgedBy(check) }) },
    };
  };

export const documentTwo = defineVerifier<AnyCheck>({
  ref: { name: 'document', version: 2 },
  format: 'document',
  check: documentCheckThree,
  asks: plain,
  judge: judgeWith(plain, 2),
  unfit: unjudged,
  impossible: (check) => ({
    ...check,
    sections: check.sections.map((one, at) => (at === 0 ? { ...one, heading: `${one.heading}, flipped` } : one)),
  }),
});

export const documentThree = defineVerifier<AnyCheck>({
  ...documentTwo,
  ref: { name: 'document', version: 3 },
  asks: probed,
  judge: judgeWith(probed, 3),
});

export const document = defineVerifier<AnyCheck>({
  ...documentThree,
  ref: { name: 'document', version: 4 },
  check: documentCheck,
  judge: judgeWith(probed, 4),
});

interface Shown {
  readonly blocks: readonly Block[];
  /** Of its look. */
  readonly problem: string | undefined;
  /** SHA-256 of what was looked at. */
  readonly picture: string;
}

/** Why it cannot be shown at all, or how it looks. */
async function shown(browser: Browser, files: Artifact, entry: string): Promise<Shown | { readonly why: string }> {
  const seen = await visitJustly(browser, { files, limits: LIMITS }, async (open) => {
    const page = await open(entry, PAGE);
    if ('lost' in page) return page;
    const look = await page.look();
    if ('lost' in look) return look;
    const pictures = await page.pictures();
    return 'lost' in pictures ? pictures : { look, pictures, events: page.events() };
  });
  if ('lost' in seen) return { why: `${entry} cannot be shown: ${seen.lost}` };
  const { look, pictures, events } = seen;
  const outward = [...events.errors, ...events.external];
  if (outward.length > 0) return { why: `${entry} fails or asks for what is elsewhere: ${outward.join('; ')}` };
  const problem = renderProblem(look, pictured(pictures));
  return { blocks: seenBlocks(look), problem, picture: sha256Of(pictures.whole) };
}

function sectionProblem(
  sections: readonly { heading: string; words?: Range | undefined }[],
  blocks: readonly Block[],
): string | undefined {
  const there = sectionsOf(blocks);
  let from = 0;
  for (const { heading, words } of sections) {
    const at = there.findIndex((one, index) => index >= from && same(one.heading, heading));
    if (at === -1) return `there is no section “${heading}”${from === 0 ? '' : ' behind the ones before'}`;
    from = at + 1;
    const text = there[at]!.blocks.map(textOfBlock).join(' ');
    const why = outside(wordsOf(text).length, words ?? { min: 1, max: 1_000_000 }, `words under “${heading}”`);
    if (why !== undefined) return why;
  }
  return undefined;
}
