// When what landed is taken back: only by what the next step shows of it, never twice, never a revert.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeId } from '../contracts/change.ts';
import { cause as causes } from '../contracts/diagnosis.ts';
import { againstRevert, judgeRevert, type LandedChange, type NextStep, names } from './revert.ts';

const landed = (more: Partial<LandedChange> = {}): LandedChange => ({
  ...{ change: changeId.parse('c'.repeat(64)), isRevert: false, paths: ['app/scale.py', 'tests/test_zeros.py'] },
  mended: { cause: 'exception', evidence: [{ text: 'ZeroDivisionError: float division by zero' }] },
  ...more,
});
const training = (more: Partial<Extract<NextStep, { what: 'training' }>> = {}): NextStep => ({
  ...({ what: 'training', own: true } as const),
  diagnosis: { cause: 'exception', evidence: [{ text: 'TypeError: unsupported operand' }] },
  before: ['Traceback (most recent call last):', '  File "/srv/job/app/scale.py", line 3, in scale'],
  ...more,
});

describe('the next training failed', () => {
  test('in what the change touches: it is taken back', () => {
    expect(judgeRevert(landed(), training())).toEqual({
      how: 'revert',
      why: 'the next training failed (exception) in what the change touches: app/scale.py',
    });
  });
  test.each<[string, Partial<LandedChange>, Partial<Extract<NextStep, { what: 'training' }>>]>([
    ['elsewhere', {}, { before: ['  File "/srv/job/app/other.py", line 3'] }],
    [
      'as it did before',
      { mended: { cause: 'exception', evidence: [{ text: 'TypeError: unsupported operand' }] } },
      {},
    ],
    ['by a log that nobody vouches for', {}, { own: false }],
    ['by words that only name it', {}, { before: ['please look at app/scale.py now'] }],
    ['of nobody knows what', {}, { diagnosis: { cause: 'undetermined', evidence: [{ text: 'app/scale.py' }] } }],
    ['after a revert', { isRevert: true }, {}],
  ])('%s: it stays', (_, change, next) => {
    expect(judgeRevert(landed(change), training(next)).how).toBe('keep');
  });
});

test('the next evaluation takes it back where it regressed beyond the rule, and only then', () => {
  expect(judgeRevert(landed(), { what: 'evaluation', regressed: true, why: 'v2 is worse' }).how).toBe('revert');
  expect(judgeRevert(landed(), { what: 'evaluation', regressed: false, why: '' }).how).toBe('keep');
});

test('whatever the next step says, a revert stays, and words of strangers take nothing back', () => {
  const lines = fc.array(fc.oneof(fc.string(), fc.constantFrom('  File "/x/app/scale.py", line 1', 'app/scale.py')), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      lines,
      lines,
      fc.constantFrom(...causes.options),
      fc.boolean(),
      fc.boolean(),
      (before, evidence, cause, own, isRevert) => {
        const diagnosis = { cause, evidence: evidence.map((text) => ({ text })) };
        const { how } = judgeRevert(landed({ isRevert }), { what: 'training', diagnosis, before, own });
        if (isRevert || !own) expect(how).toBe('keep');
        if (how === 'revert') expect([...before, ...evidence].some((line) => names(line, 'app/scale.py'))).toBe(true);
      },
    ),
  );
});

test('a path is named whole', () => {
  for (const line of [
    'File "/srv/a/app/scale.py", line 3',
    'app/scale.py:3: error',
    'in (app/scale.py)',
    '/x/app/scale.py',
  ])
    expect(names(line, 'app/scale.py'), line).toBe(true);
  for (const line of ['/srv/myapp/scale.py', 'app/scale.pyc', 'app/scale.py.bak', 'app/scale.py/x', 'app/scale'])
    expect(names(line, 'app/scale.py'), line).toBe(false);
});

test('what came with the change may go with it; what others lose by it speaks against it', () => {
  const paths = ['app/scale.py', 'tests/test_zeros.py'];
  const against = (broken: string[], failing: string[] = []) =>
    againstRevert({ broken, failing }, paths, ['tests/test_old.py::It::gained']);
  expect(against([])).toBeUndefined();
  expect(against(['tests/test_zeros.py::Zeros::test_all_zero', 'tests/test_old.py::It::gained'])).toBeUndefined();
  expect(against(['tests/test_old.py::It::other'])).toContain('test_old.py::It::other');
  expect(against([], ['tests/test_zeros.py.more::x'])).toContain('more');
});
