import { expect, test, vi } from 'vitest';
import type { Judgement } from '../../contracts/judgement.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { artifactAlarms } from '../detectors/artifact-alarms.ts';
import { artifactOf } from '../verifiers/artifact.ts';
import { BROWSER_CORPUS, CORPUS } from './corpus.ts';
import { BY_DEFAULT, judgeVariant } from './judging.ts';
import type { Sample } from './variant.ts';

vi.setConfig({ testTimeout: 120_000 });
const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret of the corpus' };

/** Every variant stands against a task; every task would take minutes, so here each variant takes its turn on one of them. */
function turns(samples: readonly Sample[], of: 'cheats' | 'honest') {
  const groups = Map.groupBy(
    samples.flatMap((sample) => sample[of].map((variant) => ({ sample, variant }))),
    ({ sample, variant }) => `${sample.task.format} ${variant.language} ${variant.class}: ${variant.name}`,
  );
  return [...groups].map(([name, members], index) => ({ name, ...members[index % members.length]! }));
}

test.concurrent.each(turns(CORPUS, 'cheats'))('cheat: $name', async ({ sample, variant }) => {
  const judged = await judgeVariant(sample, variant.artifact, instruments, BY_DEFAULT);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
});

test.concurrent.each(turns(CORPUS, 'honest'))('honest: $name', async ({ sample, variant }) => {
  const judged = await judgeVariant(sample, variant.artifact, instruments);
  expect(judged, JSON.stringify(judged).slice(0, 2_000)).toMatchObject({
    outcome: 'success',
    reward: { total: 1, solved: true },
  });
  if ('judgement' in judged) expect(alarmsOf(sample, variant.artifact, judged.judgement)).toEqual([]);
});

const alarmsOf = ({ task, given }: Sample, artifact: Sample['gold'], judgement: Judgement) => {
  const texts = Object.values(artifact).filter((one) => typeof one === 'string');
  return artifactAlarms(task, texts.join('\n'), judgement, { given: artifactOf(given), reply: texts.join('\n') });
};

test('no detector sees anything in the gold or the honest variants of any task', () => {
  const nothingSeen = { gates: [], seen: null } as unknown as Judgement;
  for (const sample of [...CORPUS, ...BROWSER_CORPUS])
    for (const artifact of [sample.gold, ...sample.honest.map((one) => one.artifact)])
      expect(alarmsOf(sample, artifact, nothingSeen), sample.task.id).toEqual([]);
});

test('the corpus has as much of each format as it promises', () => {
  for (const [format, samples] of Map.groupBy(CORPUS, ({ task }) => task.format)) {
    const cheats = samples.flatMap((sample) => sample.cheats);
    expect(new Set(cheats.map((cheat) => cheat.class)).size, format).toBeGreaterThanOrEqual(6);
    expect(samples.flatMap((sample) => sample.honest).length, format).toBeGreaterThanOrEqual(10);
  }
});
