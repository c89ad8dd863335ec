import { expect, test } from 'vitest';
import { inTurn } from './in-turn.ts';

/** Ends after so many turns of the event loop. */
async function after<T>(turns: number, value: T): Promise<T> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return value;
}

test('what comes back ends with the first that is the last, whoever was faster', async () => {
  const turns = [40, 1, 30, 2, 1];
  for (const atATime of [1, 2, 5, 9]) {
    const done = await inTurn(
      turns,
      atATime,
      (one, at) => after(one, at),
      (at) => at === 2 || at === 3,
    );
    expect(done).toEqual([0, 1, 2]);
  }
  expect(
    await inTurn(
      turns,
      2,
      (one, at) => after(one, at),
      () => false,
    ),
  ).toEqual([0, 1, 2, 3, 4]);
  expect(
    await inTurn(
      [],
      3,
      () => after(1, 1),
      () => false,
    ),
  ).toEqual([]);
});

test('never more at a time than is said, and no sooner done than the last of them', async () => {
  let [now, most] = [0, 0];
  await inTurn(
    Array.from({ length: 20 }, (_, at) => at),
    3,
    async (at) => {
      now += 1;
      most = Math.max(most, now);
      await after(1 + (at % 5), at);
      now -= 1;
    },
    () => false,
  );
  expect([now, most]).toEqual([0, 3]);
});

test('a failure behind the last one is nobody’s, one before it is thrown', async () => {
  const run = (turns: number, at: number) =>
    after(turns, at).then((value) => (value === 1 ? Promise.reject(new Error('gone')) : value));
  expect(await inTurn([9, 1], 2, run, (at) => at === 0)).toEqual([0]);
  await expect(inTurn([1, 9, 1], 3, run, (at) => at === 2)).rejects.toThrow('gone');
});
