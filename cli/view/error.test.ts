import { expect, it } from 'vitest';
import { AnnealError, ERRORS } from '../../contracts/errors.ts';
import { formatError } from './error.ts';

const problem = { code: 'store.no_bucket', path: 's3://none', expected: 'a bucket' } as const;
const printed = (...hints: string[]): string[] => {
  const problems = hints.map((hint) => ({ ...problem, hint }));
  return formatError(new AnnealError('store.no_bucket', 'no', { problems }), { colour: false, trace: false }).split(
    '\n',
  );
};
const { action } = ERRORS['store.no_bucket'];

it('says once what to do, whether a problem says it or the code', () => {
  expect(printed(action).filter((line) => line.includes(action))).toHaveLength(1);
  expect(printed('Ask Ada.').filter((line) => line.includes(action))).toHaveLength(1);
  expect(printed('Ask Ada.').join('\n')).toContain('Ask Ada.');
});
