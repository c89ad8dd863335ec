import { expect, test } from 'vitest';
import { z } from 'zod';
import { scriptedChat } from '../../tests/support/scripted-chat.ts';
import { askForForm, atMost, MOST_TRIES } from './asking.ts';

const of = (chat: Parameters<typeof askForForm>[0]['chat']) => ({
  ...{ chat, agent: 'reader', rules: 'Answer with JSON.', ask: 'What is it?', data: [], maxTokens: 100 },
  ...{ schema: z.object({ it: z.string() }), signal: new AbortController().signal },
});

test('an answer out of form is asked for once more, and no more', async () => {
  const chat = scriptedChat(() => ({ say: 'Certainly!' }));
  expect(await askForForm(of(chat))).toMatchObject({ failed: expect.stringContaining('form'), spent: { turns: 2 } });
  expect(chat.asked).toHaveLength(MOST_TRIES);
  const mended = scriptedChat([{ say: 'Certainly!' }, { say: '{"it": "this"}' }]);
  expect(await askForForm(of(mended))).toMatchObject({ value: { it: 'this' }, spent: { turns: 2 } });
});

test.each([0, 1])('a share of %i turns is never overdrawn, and what nobody was asked costs nothing', async (turns) => {
  const chat = scriptedChat(() => ({ say: 'Certainly!' }));
  const asked = await askForForm(of(atMost(turns, chat)));
  expect(asked).toMatchObject({ failed: 'its budget is spent', spent: { turns } });
  expect(chat.asked).toHaveLength(turns);
});
