import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLane } from './lane.ts';

test('one piece of work runs at a time, beside whoever hands in the next', async () => {
  const lane = openLane();
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    await turn();
    seen.push(`${name} ends`);
  };
  await lane.begin(work('first'));
  // It has not ended: the next one is prepared meanwhile.
  expect(seen).toEqual(['first begins']);
  await lane.begin(work('second'));
  expect(seen).toEqual(['first begins', 'first ends', 'second begins']);
  await lane.end();
  expect(seen.at(-1)).toBe('second ends');
  await lane.end();
});

test('what fails is thrown once, to who comes next, and what comes next does not begin', async () => {
  const lane = openLane();
  await lane.begin(() => Promise.reject(new Error('full disk')));
  await turn();
  let begun = false;
  const next = lane.begin(async () => {
    begun = true;
  });
  await expect(next).rejects.toThrow('full disk');
  expect(begun).toBe(false);
  await lane.end();
});
