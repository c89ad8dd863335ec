// slides@2 to 4: a deck in HTML, each `section` a slide. Every slide is looked at as it is painted; what a deck says is held against the same kind
// of spec as a document. PowerPoint files are not taken: nothing here could show what they look like.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import type { BrowserLimits, PageLook, PageLost } from '../../../contracts/browser.ts';
import { rubric } from '../../../contracts/judge.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import type { Artifact } from '../artifact.ts';
import { bounded, isLarge } from '../bounded.ts';
import type { Block } from '../document/blocks.ts';
import { textOfBlock } from '../document/blocks.ts';
import { contentGates, readableGates } from '../document/content.ts';
import {
  CONTRADICTION,
  contradictsItself,
  judgedBy,
  judgedByRulesAlone,
  specHolds,
  unjudged,
} from '../document/judged-by.ts';
import { outside, same } from '../document/same.ts';
import { seenBlocks } from '../document/seen-blocks.ts';
import { contentSpec, contentSpecThree } from '../document/spec.ts';
import { broken, fileText, held, refused, sha256Of } from '../gates.ts';
import { type Pictured, pictured } from '../rendered/png.ts';
import { browserOf, visitJustly } from '../rendered/visit.ts';
import { judgeRubric, type RubricWay } from '../rubric/judging.ts';
import { probed } from '../rubric/probed.ts';
import { plain } from '../rubric/rubric.ts';
import { type ArtifactVerifier, defineVerifier, type Found, type Instruments } from '../verifier.ts';
import { type Slide, slideProblem, slidesOf } from './slide.ts';

/** What one picture holds of a page, pixels. */
const TALLEST = 16_000;
const FITS = `more slides than fit into ${TALLEST} pixels of height`;
const fits = ({ size, slides }: { size: { height: number }; slides: { max: number } }): boolean =>
  size.height * slides.max <= TALLEST;

const slidesCheckThree = z
  .strictObject({
    file: relativePath.regex(/\.html?$/, 'an HTML file'),
    /** CSS pixels of each slide. */
    size: z.strictObject({ width: z.int().min(320).max(2_000), height: z.int().min(240).max(2_000) }),
    slides: z.strictObject({ min: z.int().positive(), max: z.int().positive().max(60) }),
    /** Headings of slides, in this order; further slides may stand between them. */
    titles: z.array(z.string().min(1)).min(1),
    mostWords: z.int().positive().default(80),
    leastFontSize: z.number().positive().default(18),
    /** Of each line against what is behind it: 3 is WCAG's AA for large text. */
    leastContrast: z.number().min(1).max(21).default(3),
    content: contentSpecThree,
    rubric: rubric.nullable(),
  })
  .refine(fits, FITS);
export const slidesCheck = z
  .strictObject({ ...slidesCheckThree.shape, content: contentSpec, judgedByRulesAlone })
  .refine(fits, FITS)
  .refine((check) => !contradictsItself(check), CONTRADICTION);
export type SlidesCheck = z.infer<typeof slidesCheck>;
/** Of every version: what an older one lacks was never asked for. */
type AnyCheck = Omit<SlidesCheck, 'judgedByRulesAlone'> & { readonly judgedByRulesAlone?: boolean };

const LIMITS: BrowserLimits = { wallMs: 90_000, stepMs: 15_000, diskBytes: 64 * 2 ** 20 };

const judgeWith =
  (way: RubricWay, version: 2 | 3 | 4): ArtifactVerifier<AnyCheck>['judge'] =>
  async ({ check, artifact, given, instruments }) => {
    const source = fileText(artifact, check.file);
    if ('why' in source) return refused([broken('reads', source.why)]);
    const shown = await show(check, artifact, instruments);
    if ('lost' in shown) return refused([broken('shows', shown.lost)]);
    const { look, pictures, events } = shown;
    const deck = slidesOf(look);
    const blocks = deck.map(({ node }) => seenBlocks(look, node));
    const gates: GateResult[] = [held('reads', `${check.file} can be read`), held('shows', 'the deck can be shown')];
    const problems: readonly (readonly [name: string, problem: () => string | undefined, fine: string])[] = [
      ['no-errors', () => listed(events.errors), 'no uncaught error'],
      ['self-contained', () => listed(events.external), 'asks for nothing outside'],
      ['slides', () => outside(deck.length, check.slides, 'slides'), `${deck.length} slides`],
      ['looks', () => looks(deck, look, pictured(pictures), check), 'none is blank, crowded, cut off or hard to read'],
      ['titles', () => titleProblem(check.titles, blocks), 'all there, in order'],
    ];
    for (const [name, problem, fine] of problems) {
      const why = problem();
      gates.push(why === undefined ? held(name, fine) : broken(name, why));
      if (why !== undefined) return refused(gates);
    }
    const text = blocks.map((some, at) => `Slide ${at + 1}\n${some.map(textOfBlock).join('\n')}`).join('\n\n');
    const content = await bounded('content', contentGates, isLarge(text.length), blocks.flat(), check.content, given);
    gates.push(...('why' in content ? [broken('content', content.why)] : content));
    gates.push(...readableGates(text, check.rubric));
    const seen: Found['seen'] = { slides: deck.length, picture: sha256Of(pictures.whole) };
    if (gates.some(({ passed }) => !passed)) return refused(gates, [], seen);
    const judged = check.rubric === null ? undefined : await judgeRubric(way, text, check.rubric, instruments);
    const judge = judged === undefined ? {} : { judge: { ...judged.seen } };
    const spec = { name: 'spec', kind: 'outcome' as const, score: 1, weight: 1, why: specHolds(check) };
    const by = version < 4 ? {} : { judgedBy: judgedBy(check) };
    return { gates, components: [spec, ...(judged?.components ?? [])], runs: [], seen: { ...seen, ...judge, ...by } };
  };

export const slidesTwo = defineVerifier<AnyCheck>({
  ref: { name: 'slides', version: 2 },
  format: 'slides',
  check: slidesCheckThree,
  asks: plain,
  judge: judgeWith(plain, 2),
  unfit: unjudged,
  impossible: (check) => ({
    ...check,
    titles: check.titles.map((title, at) => (at === 0 ? `${title}, flipped` : title)),
  }),
});

/** Asks a rubric with criteria among it whose answers are known. */
export const slidesThree = defineVerifier<AnyCheck>({
  ...slidesTwo,
  ref: { name: 'slides', version: 3 },
  asks: probed,
  judge: judgeWith(probed, 3),
});

/** Compares tables with the task's data, and says where nobody judges the words. */
export const slides = defineVerifier<AnyCheck>({
  ...slidesThree,
  ref: { name: 'slides', version: 4 },
  check: slidesCheck,
  judge: judgeWith(probed, 4),
});

const show = ({ file, size }: AnyCheck, artifact: Artifact, instruments: Instruments) =>
  visitJustly(browserOf(instruments, 'a deck'), { files: artifact, limits: LIMITS }, async (open) => {
    const page = await open(file, size);
    if ('lost' in page) return page;
    const look: PageLook | PageLost = await page.look();
    if ('lost' in look) return look;
    const pictures = await page.pictures();
    return 'lost' in pictures ? pictures : { look, pictures, events: page.events() };
  });

function looks(deck: readonly Slide[], look: PageLook, pictures: Pictured, check: AnyCheck): string | undefined {
  for (const [at, slide] of deck.entries()) {
    const why = slideProblem(slide, look, pictures, check);
    if (why !== undefined) return `slide ${at + 1} ${why}`;
  }
  return undefined;
}

function titleProblem(titles: readonly string[], deck: readonly (readonly Block[])[]): string | undefined {
  let from = 0;
  for (const title of titles) {
    const at = deck.findIndex(
      (blocks, index) => index >= from && blocks.some((one) => one.kind === 'heading' && same(one.text, title)),
    );
    if (at === -1) return `no slide has the heading “${title}”${from === 0 ? '' : ' behind the ones before'}`;
    from = at + 1;
  }
  return undefined;
}

const listed = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join('; '));
