import { expect, test, vi } from 'vitest';
import type { Browser, BrowserPage, OpenPage, PageLook } from '../../../contracts/browser.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import { createChromiumBrowser } from '../../../infra/browser/chromium.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { LIST_SAMPLES } from '../../hacks/web-page/corpus.ts';
import { artifactOf } from '../artifact.ts';
import type { Instruments } from '../verifier.ts';
import { webPageCheck } from './check.ts';
import { drawInputs, filledIn, placesIn } from './inputs.ts';
import { webPage } from './web-page.ts';

vi.setConfig({ testTimeout: 240_000 });

const sandbox = {} as Sandbox;
const SAMPLE = LIST_SAMPLES[0]!;
const CHECK = webPageCheck.parse(SAMPLE.task.check);
const chromium = createChromiumBrowser({ concurrency: 1 });
const judge = (instruments: Instruments) => judgeVariant(SAMPLE, SAMPLE.gold, instruments);

test('a second judgement is byte-identical, another secret types something else', async () => {
  const first = await judge({ sandbox, secret: 'one', browser: chromium });
  expect(first).toMatchObject({ outcome: 'success', reward: { total: 1 } });
  expect(JSON.stringify(await judge({ sandbox, secret: 'one', browser: chromium }))).toBe(JSON.stringify(first));
  const other = await judge({ sandbox, secret: 'two', browser: chromium });
  expect(other).toMatchObject({ outcome: 'success' });
  expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
});

test('no page passes with an expected value flipped', async () => {
  const task = { ...SAMPLE.task, check: JSON.parse(JSON.stringify(webPage.impossible(CHECK))) };
  const judged = await judgeVariant({ ...SAMPLE, task }, SAMPLE.gold, { sandbox, secret: 'one', browser: chromium });
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
});

test('without a browser the sample is masked', async () => {
  expect(await judge({ sandbox, secret: 'one' })).toMatchObject({ outcome: 'verifier_failure' });
});

/** A browser of ours that shows one look, for as long as it is told. */
function scripted(open: OpenPage): Browser {
  return { describe: async () => 'scripted', visit: (_, look) => look(open) };
}
const found = (browser: Browser) =>
  webPage.judge({
    check: CHECK,
    artifact: artifactOf(SAMPLE.gold),
    given: new Map(),
    instruments: { sandbox, secret: 's', browser },
  });
const BLANK: PageLook = {
  url: 'https://artifact.invalid/',
  title: '',
  viewport: { width: 1, height: 1 },
  page: { width: 1, height: 1 },
  nodes: [],
  texts: [],
};

test('a page that is lost twice is the policy’s doing where a plain page is not lost, and ours where it is', async () => {
  const plain = { look: async () => BLANK } as unknown as BrowserPage;
  let opened = 0;
  const lost = scripted(async (entry) => {
    opened += 1;
    return entry === 'control.html' ? plain : { lost: 'the page crashed' };
  });
  expect((await found(lost)).gates.at(-1)).toEqual({ name: 'stays', passed: false, why: 'the page crashed' });
  expect(opened).toBe(3);
  await expect(found(scripted(async () => ({ lost: 'the page crashed' })))).rejects.toMatchObject({
    code: 'sandbox.failed',
  });
});

test.each([
  [
    'no secret input',
    {
      scenarios: [
        { name: 's', steps: [{ do: 'reload' }, { expect: { that: 'count', of: { role: 'button' }, is: 1 } }] },
      ],
    },
  ],
  [
    'nothing brought about',
    {
      scenarios: [
        {
          name: 's',
          steps: [
            { do: 'press', key: 'Enter' },
            { expect: { that: 'absent', of: { text: '{{one}}' } }, before: 'any' },
          ],
        },
      ],
    },
  ],
  [
    'an expectation before any action',
    { scenarios: [{ name: 's', steps: [{ expect: { that: 'present', of: { text: '{{one}}' } } }] }] },
  ],
  [
    'an input that is not drawn',
    {
      scenarios: [
        {
          name: 's',
          steps: [{ do: 'press', key: 'Enter' }, { expect: { that: 'present', of: { text: '{{none}}' } } }],
        },
      ],
    },
  ],
  [
    'a target that says nothing',
    {
      scenarios: [
        {
          name: 's',
          steps: [{ do: 'click', on: { nth: 0 } }, { expect: { that: 'present', of: { text: '{{one}}' } } }],
        },
      ],
    },
  ],
  ['an entry that is no page', { entry: 'index.js' }],
])('a check with %s is refused', (_, change) => {
  expect(webPageCheck.safeParse({ ...CHECK, ...change }).success).toBe(false);
  expect(webPageCheck.safeParse(CHECK).success).toBe(true);
});

test('inputs follow from the secret, and computed ones from them', () => {
  const inputs = webPageCheck.shape.inputs.parse({
    a: { kind: 'integer', min: 10, max: 99 },
    b: { kind: 'decimal', min: 1, max: 2, places: 2 },
    word: { kind: 'word' },
    sum: { kind: 'computed', how: 'sum', of: ['a', 'b'], places: 2 },
    loud: { kind: 'computed', how: 'upper', of: ['word'] },
  });
  const drawn = Array.from({ length: 50 }, (_, draw) => drawInputs(inputs, 'secret', draw));
  for (const { a, b, sum, word, loud } of drawn) {
    expect(Number(sum)).toBeCloseTo(Number(a) + Number(b), 6);
    expect(loud).toBe(word!.toUpperCase());
  }
  expect(new Set(drawn.map(({ word }) => word)).size).toBeGreaterThan(45);
  expect(drawInputs(inputs, 'secret', 3)).toEqual(drawn[3]);
  expect(drawInputs(inputs, 'other', 3)).not.toEqual(drawn[3]);
  expect(placesIn([{ x: 'say {{a}} and {{sum}}' }])).toEqual(['a', 'sum']);
  expect(filledIn('{{a}}-{{none}}', { a: '7' })).toBe('7-');
});
