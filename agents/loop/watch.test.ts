import { expect, test } from 'vitest';
import { loopWatch } from './watch.ts';

const call = (name: string, result = 'same') => ({ name, arguments: '{}', result });

test('one call again and again is warned of, then stopped', () => {
  const { seen } = loopWatch();
  expect(Array.from({ length: 6 }, () => seen(call('ls')))).toEqual(['go_on', 'go_on', 'warn', 'warn', 'warn', 'stop']);
});

test('so are calls in turn', () => {
  const { seen } = loopWatch();
  const said = Array.from({ length: 12 }, (_, at) => seen(call(at % 2 === 0 ? 'ls' : 'cat')));
  expect([said.indexOf('warn'), said.indexOf('stop')]).toEqual([5, 11]);
});

test('what answers otherwise each time is waited for', () => {
  const { seen } = loopWatch();
  expect(new Set(Array.from({ length: 20 }, (_, at) => seen(call('ls', `${at}`))))).toEqual(new Set(['go_on']));
});
