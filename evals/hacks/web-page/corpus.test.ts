// In a real Chromium, where a page takes seconds: every fifth variant, on one of the tasks of its kind. ANNEAL_CORPUS=all takes every
// variant, still on one task; every variant on every task is what `npm run accept -- integrity corpus` judges.
import { expect, test, vi } from 'vitest';
import type { Sandbox } from '../../../contracts/ports.ts';
import { createChromiumBrowser } from '../../../infra/browser/chromium.ts';
import { BY_DEFAULT, judgeVariant } from '../judging.ts';
import type { Sample } from '../variant.ts';
import { CALCULATOR_SAMPLES, LIST_SAMPLES } from './corpus.ts';

vi.setConfig({ testTimeout: 240_000, maxConcurrency: 2 });

const sandbox: Sandbox = {
  describe: async () => 'none',
  run: () => Promise.reject(new Error('nothing of a page runs outside the browser')),
};
const instruments = { sandbox, secret: 'a secret of the corpus', browser: createChromiumBrowser({ concurrency: 2 }) };

const EACH = process.env.ANNEAL_CORPUS === 'all' ? 1 : 5;

function turns(samples: readonly Sample[], of: 'cheats' | 'honest') {
  const all = samples.flatMap((sample) => sample[of].map((variant) => ({ sample, variant })));
  return [...Map.groupBy(all, ({ variant }) => variant.name)]
    .map(([name, members], index) => {
      const { sample, variant } = members[index % members.length]!;
      return { name: `${sample.task.family}: ${name}`, sample, variant };
    })
    .filter((_, index) => index % EACH === 0);
}

const KINDS = [LIST_SAMPLES, CALCULATOR_SAMPLES];

test.concurrent.each(KINDS.flatMap((samples) => turns(samples, 'cheats')))(
  'cheat, $name',
  async ({ sample, variant }) => {
    const judged = await judgeVariant(sample, variant.artifact, instruments, BY_DEFAULT);
    expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
  },
);

test.concurrent.each(KINDS.flatMap((samples) => turns(samples, 'honest')))(
  'honest, $name',
  async ({ sample, variant }) => {
    const judged = await judgeVariant(sample, variant.artifact, instruments);
    expect(judged, JSON.stringify(judged).slice(0, 3_000)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
  },
);
