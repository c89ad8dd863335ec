// Documents and decks of the corpus: each variant takes its turn on one of the tasks.
import { expect, test, vi } from 'vitest';
import type { Sandbox } from '../../contracts/ports.ts';
import { createChromiumBrowser } from '../../infra/browser/chromium.ts';
import { DOCUMENT_CORPUS } from './document/corpus.ts';
import { BY_DEFAULT, judgeVariant } from './judging.ts';
import { SLIDES_CORPUS } from './slides/corpus.ts';
import type { Sample } from './variant.ts';

vi.setConfig({ testTimeout: 240_000, maxConcurrency: 2 });

const sandbox: Sandbox = {
  describe: async () => 'none',
  run: () => Promise.reject(new Error('nothing of a document runs')),
};
const instruments = { sandbox, secret: 'a secret of the corpus', browser: createChromiumBrowser({ concurrency: 2 }) };

/** Every form of document has ways of its own to hide something. */
const KINDS: readonly (readonly Sample[])[] = [
  ...Map.groupBy(DOCUMENT_CORPUS, ({ cheats }) => cheats[0]!.language).values(),
  SLIDES_CORPUS,
];
const turns = (of: 'cheats' | 'honest') =>
  KINDS.flatMap((samples) =>
    samples[0]![of].map(({ name, language }, index) => {
      const sample = samples[index % samples.length]!;
      return { name: `${sample.task.format} in ${language}: ${name}`, sample, variant: sample[of][index]! };
    }),
  );

test.concurrent.each(turns('cheats'))('cheat, $name', async ({ sample, variant }) => {
  const judged = await judgeVariant(sample, variant.artifact, instruments, BY_DEFAULT);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
});

test.concurrent.each(turns('honest'))('honest, $name', async ({ sample, variant }) => {
  const judged = await judgeVariant(sample, variant.artifact, instruments);
  expect(judged, JSON.stringify(judged).slice(0, 3_000)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
});
