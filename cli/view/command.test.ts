import { expect, test } from 'vitest';
import { commandFor } from './command.ts';

test.each([
  ['/repo/.anneal', './anneal down'],
  ['/home/me/k8s', 'ANNEAL_HOME=/home/me/k8s ./anneal down'],
  ["/home/me/an 'own'", String.raw`ANNEAL_HOME='/home/me/an '\''own'\''' ./anneal down`],
])('of the home %s', (home, wanted) => {
  expect(commandFor({ home, repo: '/repo' }, 'down')).toBe(wanted);
});
