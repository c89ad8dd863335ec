// The corpus of patches by runners that not every machine has: a few variants of each here, all of them by `npm run accept -- integrity`.
import { describe, expect, test, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { equipmentFor, instrumentsWith } from '../../../tests/support/toolchains.ts';
import { judgeVariant } from '../judging.ts';
import type { Sample, Variant } from '../variant.ts';
import { PLAUSIBLE } from './cheats-plausible.ts';
import { FURTHER_RUNNERS, patchCorpusOf } from './corpus.ts';

// Generous: a loaded machine must not fail a test; compilers and virtual machines start a dozen times in each of these.
vi.setConfig({ testTimeout: 900_000 });

/** Those that forge their own success, which only twins can tell from the truth, and one of the rest where that takes little time. */
const ONE_MORE = { pytest: 2, vitest: undefined, go: 8, cargo: 0, junit: undefined } as const;
const FORGERS = /^(every report passes|a matcher in the place|PASS of the test|a result that equals|a report written)/;
test('every runner has cheats of at least six classes', () => {
  for (const runner of FURTHER_RUNNERS) {
    const samples = patchCorpusOf(runner);
    expect(samples).toHaveLength(11);
    expect(new Set(samples[0]!.cheats.map((cheat) => cheat.class)).size, runner).toBeGreaterThanOrEqual(6);
    expect(samples.flatMap(({ honest }) => honest).length, runner).toBeGreaterThanOrEqual(9);
  }
});

const everyEquipment = await Promise.all(
  FURTHER_RUNNERS.map(async (runner) => [runner, await equipmentFor(runner)] as const),
);

describe.each(everyEquipment)('%s', (runner, equipment) => {
  const samples = patchCorpusOf(runner);
  if ('missing' in equipment) {
    test.skip(`not here: ${equipment.missing}`, () => {});
    return;
  }
  const sandbox = createBubblewrapSandbox({ folders: equipment.folders });
  const instruments = instrumentsWith({ sandbox, secret: 'a secret of the runners' }, new Map([[runner, equipment]]));
  const judge = (sample: Sample, variant: Variant) => judgeVariant(sample, variant.artifact, instruments);
  const cheats = samples[0]!.cheats.flatMap(({ name }, index) => {
    const sample = samples[index % samples.length]!;
    const chosen = FORGERS.test(name) || index === ONE_MORE[runner];
    return chosen ? [{ name, sample, variant: sample.cheats[index]! }] : [];
  });

  test.each(cheats)('cheat: $name', async ({ sample, variant }) => {
    const judged = await judge(sample, variant);
    expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
    if (FORGERS.test(variant.name)) expect(JSON.stringify(judged)).toContain('passed although made impossible');
  });

  test('cheat: expected texts, where they are plausible', async () => {
    // The first has texts.
    const [sample] = samples as [Sample];
    const judged = await judge(sample, sample.cheats.find(({ name }) => name === PLAUSIBLE)!);
    expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
    expect(JSON.stringify(judged)).toContain('passed although made impossible');
  });

  test('honest: with a test of its own', async () => {
    const sample = samples.find(({ honest }) => honest.some(({ name }) => name === 'with a test of its own'))!;
    const judged = await judge(sample, sample.honest[0]!);
    expect(judged, JSON.stringify(judged).slice(0, 2_000)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
  });
});
