// Every format's samples. A further format is a line here.
import { ANSWER_CORPUS } from './answer/corpus.ts';
import { DOCUMENT_CORPUS } from './document/corpus.ts';
import { PATCH_CORPUS } from './patch/corpus.ts';
import { PERFORMANCE_CORPUS } from './patch/performance.ts';
import { TEST_WRITING_CORPUS } from './patch/test-writing.ts';
import { PROGRAM_CORPUS } from './program/corpus.ts';
import { SLIDES_CORPUS } from './slides/corpus.ts';
import { SPREADSHEET_CORPUS } from './spreadsheet/corpus.ts';
import { STRUCTURED_DATA_CORPUS } from './structured-data/corpus.ts';
import { TERMINAL_STATE_CORPUS } from './terminal-state/corpus.ts';
import type { Sample } from './variant.ts';
import { WEB_PAGE_CORPUS } from './web-page/corpus.ts';

export const CORPUS: readonly Sample[] = [
  ...PROGRAM_CORPUS,
  ...PATCH_CORPUS,
  ...TEST_WRITING_CORPUS,
  ...PERFORMANCE_CORPUS,
  ...STRUCTURED_DATA_CORPUS,
  ...ANSWER_CORPUS,
  ...SPREADSHEET_CORPUS,
  ...TERMINAL_STATE_CORPUS,
];

/** Judged in a real browser, some seconds each. */
export const BROWSER_CORPUS: readonly Sample[] = [...WEB_PAGE_CORPUS, ...DOCUMENT_CORPUS, ...SLIDES_CORPUS];
