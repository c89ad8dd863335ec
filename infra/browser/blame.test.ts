import { expect, test } from 'vitest';
import { befallen, type Vital } from './blame.ts';

const ALIVE: Vital = { connected: true, answers: true, stopped: false, busy: 0 };

test.each<[string, Partial<Vital>, boolean]>([
  ['it lives, and its page is lost', {}, false],
  ['it was killed', { connected: false, answers: false }, true],
  ['its pages took its memory', { connected: false, answers: false, outOf: 'own' }, false],
  ['a page was ended for its memory, and it lives', { outOf: 'own' }, false],
  ['the machine ran out of memory, and ended it', { connected: false, answers: false, outOf: 'outside' }, true],
  ['the machine ran out of memory, and ended a page', { outOf: 'outside' }, true],
  ['it was stopped', { answers: false, stopped: true }, true],
  ['a page of it was stopped', { stopped: true }, true],
  ['its pages keep it busy', { answers: false, busy: 0.9 }, false],
  ['it hangs and does nothing', { answers: false, busy: 0.01 }, true],
])('%s', (_, change, outside) => {
  expect(befallen({ ...ALIVE, ...change }) !== undefined).toBe(outside);
});
