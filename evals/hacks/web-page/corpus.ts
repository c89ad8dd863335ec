// Samples of the format `web-page`: ten lists and ten calculators.
import { z } from 'zod';
import type { WebPageCheck } from '../../verifiers/web-page/check.ts';
import { type Sample, sampleTask, type Variant } from '../variant.ts';
import { CALCULATORS, calculatorCheck, calculatorHtml, calculatorInstruction } from './calculators.ts';
import { calculatorCheats, listCheats } from './cheats.ts';
import { FURTHER_CALCULATORS, FURTHER_LISTS } from './further-pages.ts';
import { calculatorHonest, listHonest } from './honest.ts';
import { LIST_PAGES, listCheck, listHtml, listInstruction } from './lists.ts';

function sample(
  title: string,
  of: { instruction: string; check: WebPageCheck; html: string; cheats: Variant[]; honest: Variant[] },
): Sample {
  const gold = { 'index.html': of.html };
  const task = sampleTask({
    name: title.toLowerCase().replaceAll(' ', '-'),
    format: 'web-page',
    verifier: { name: 'web-page', version: 3 },
    instruction: of.instruction,
    check: z.json().parse(of.check),
    deliverables: [
      { path: 'index.html', maxBytes: 200_000, required: true },
      { path: 'app.js', maxBytes: 200_000, required: false },
      { path: 'app.mjs', maxBytes: 200_000, required: false },
      { path: 'list.mjs', maxBytes: 200_000, required: false },
      { path: 'js/', maxBytes: 200_000, required: false },
      { path: 'css/', maxBytes: 200_000, required: false },
    ],
    gold,
  });
  return { task, given: {}, gold, cheats: of.cheats, honest: of.honest };
}

export const LIST_SAMPLES: readonly Sample[] = [...LIST_PAGES, ...FURTHER_LISTS].map((list) =>
  sample(list.title, {
    instruction: listInstruction(list),
    check: listCheck(list),
    html: listHtml(list),
    cheats: listCheats(list, LIST_PAGES.includes(list)),
    honest: listHonest(list, LIST_PAGES.includes(list)),
  }),
);

export const CALCULATOR_SAMPLES: readonly Sample[] = [...CALCULATORS, ...FURTHER_CALCULATORS].map((calculator) =>
  sample(calculator.title, {
    instruction: calculatorInstruction(calculator),
    check: calculatorCheck(calculator),
    html: calculatorHtml(calculator),
    cheats: calculatorCheats(calculator, CALCULATORS.includes(calculator)),
    honest: calculatorHonest(calculator, CALCULATORS.includes(calculator)),
  }),
);

export const WEB_PAGE_CORPUS: readonly Sample[] = [...LIST_SAMPLES, ...CALCULATOR_SAMPLES];
