// A page that is scripted: what is tried is when an expectation counts.
import { expect, test } from 'vitest';
import type { BrowserPage, PageAct, PageLook, SeenNode } from '../../../contracts/browser.ts';
import type { Scenario } from './check.ts';
import { find } from './find.ts';
import { act, type Played, play } from './play.ts';

const node = (role: string, text: string, change: Partial<SeenNode> = {}): SeenNode => ({
  ...{ id: 1, parent: -1, tag: 'div', attributes: {}, role, name: text, value: null, states: [], text },
  ...{ box: { x: 0, y: 0, width: 10, height: 10 }, overflow: { x: 0, y: 0 } },
  ...change,
});
const lookOf = (nodes: readonly SeenNode[]): PageLook => ({
  ...{ url: 'https://artifact.invalid/', title: '', viewport: { width: 1, height: 1 }, page: { width: 1, height: 1 } },
  nodes,
  texts: [],
});

const BUTTON = node('button', 'Go', { id: 7 });

/** Shows `before` until it is clicked, then `after`. */
async function played(
  steps: Scenario['steps'],
  { before, after }: { before: readonly SeenNode[]; after: readonly SeenNode[] },
): Promise<Played & { acts: PageAct[] }> {
  const acts: PageAct[] = [];
  const page = {
    look: async () => lookOf(acts.some((act) => act.do === 'click') ? after : before),
    act: async (act: PageAct) => {
      acts.push(act);
      return undefined;
    },
  } as unknown as BrowserPage;
  const scenario: Scenario = { name: 's', weight: 1, hard: true, viewport: { width: 1, height: 1 }, steps };
  const values = { who: 'Bo' };
  const result = await play(scenario, { open: async () => page, entry: 'index.html', values, patienceMs: 1 });
  if ('lost' in result) throw new Error(result.lost);
  return { ...result, acts };
}

const GO = { do: 'click', on: { role: 'button', name: 'go' }, count: 1 } as const;
const GREETED = { expect: { that: 'present', of: { role: 'status', text: '{{who}}' } }, before: 'not' } as const;
const status = (text: string) => node('status', text);

test('what an action brings about is found', async () => {
  const { steps, acts } = await played([GO, GREETED], { before: [BUTTON], after: [BUTTON, status('Bo')] });
  expect(steps.map(({ ok }) => ok)).toEqual([true, true]);
  expect(acts).toEqual([{ do: 'click', node: 7, count: 1 }]);
});

test('what held all along was not brought about, and nothing is done any more', async () => {
  const { steps, acts } = await played([GO, GREETED], {
    before: [BUTTON, status('Bo')],
    after: [BUTTON, status('Bo')],
  });
  expect(steps).toMatchObject([{ ok: false, saw: expect.stringContaining('held already') }]);
  expect(acts).toEqual([]);
});

test('unless it only has to stay', async () => {
  const stays = { ...GREETED, before: 'any' } as const;
  const { steps } = await played([GO, stays], { before: [BUTTON, status('Bo')], after: [BUTTON, status('Bo')] });
  expect(steps.every(({ ok }) => ok)).toBe(true);
});

test.each([
  ['missing', []],
  ['hidden', [{ ...BUTTON, box: null }]],
  ['disabled', [{ ...BUTTON, states: ['disabled'] }]],
])('a button that is %s is not clicked', async (_, before) => {
  const { steps, acts } = await played([GO, GREETED], { before, after: [status('Bo')] });
  expect(steps.at(-1)!.ok).toBe(false);
  expect(acts).toEqual([]);
});

/** Every button is refused once before the one that is there in its place is clicked, unless the same stays. */
async function refused(buttons: readonly SeenNode[]): Promise<{ ok: boolean | undefined; nodes: unknown[] }> {
  const nodes: unknown[] = [];
  const now = (): SeenNode => buttons[Math.min(nodes.length, buttons.length - 1)]!;
  const page = {
    look: async () => lookOf([now()]),
    act: async ({ node }: Extract<PageAct, { do: 'click' }>) => {
      nodes.push(node);
      return nodes.length < buttons.length ? 'it is no longer there' : undefined;
    },
  } as unknown as BrowserPage;
  const stage = { open: async () => page, entry: '', values: {}, patienceMs: 1 };
  const done = await act(page, GO, stage);
  return { ok: 'lost' in done ? undefined : done.ok, nodes };
}
const as = (...ids: number[]): SeenNode[] => ids.map((id) => ({ ...BUTTON, id }));

test('a button that was drawn anew is reached for again, one that refuses is not, nor one that never stays', async () => {
  expect(await refused(as(7, 8))).toEqual({ ok: true, nodes: [7, 8] });
  expect(await refused(as(7, 7))).toEqual({ ok: false, nodes: [7] });
  expect(await refused(as(1, 2, 3, 4, 5, 6, 7, 8))).toMatchObject({ ok: false, nodes: [1, 2, 3, 4, 5, 6] });
});

test('what is meant is what a user would say', () => {
  const look = lookOf([
    node('list', '', { name: 'Guests' }),
    node('listitem', 'Bo', { parent: 0 }),
    node('listitem', 'Al  Bo', { parent: 0 }),
    node('listitem', 'Bo', { box: null, parent: 0 }),
    node('listitem', 'Bo'),
  ]);
  const texts = (target: Parameters<typeof find>[1]) =>
    find(look, target, { who: 'Bo' }).map((one) => look.nodes.indexOf(one));
  expect(texts({ role: 'listitem', text: '{{who}}' })).toEqual([1, 4]);
  expect(texts({ role: 'listitem', text: 'Bo', within: { role: 'list', name: 'guests' } })).toEqual([1]);
  expect(texts({ role: 'listitem', textIncludes: 'Bo', nth: -1 })).toEqual([4]);
  expect(texts({ text: 'bo' })).toEqual([]);
});
