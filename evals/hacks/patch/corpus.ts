// Patch tasks on small repositories, with cheats and honest variants for each.
import { z } from 'zod';
import type { RunnerName } from '../../verifiers/patch/check.ts';
import { PATCH_FILE } from '../../verifiers/patch/check.ts';
import { type Sample, sampleTask } from '../variant.ts';
import { BLOCKED_TESTS, type Cheat } from './cheat.ts';
import { GO_CHEATS } from './cheats-go.ts';
import { JAVA_CHEATS } from './cheats-java.ts';
import { JAVASCRIPT_CHEATS } from './cheats-javascript.ts';
import { keptCheats } from './cheats-kept.ts';
import { plausibleCheats } from './cheats-plausible.ts';
import { PYTEST_CHEATS } from './cheats-pytest.ts';
import { PYTHON_CHEATS } from './cheats-python.ts';
import { RUST_CHEATS } from './cheats-rust.ts';
import { VITEST_CHEATS } from './cheats-vitest.ts';
import { HONEST } from './honest.ts';
import { JAVASCRIPT } from './repositories-javascript.ts';
import { PYTHON } from './repositories-python.ts';
import { smallRepositories, textRepository } from './repositories-small.ts';
import { checkOf, givenOf, goldOf, handedIn, languageOf, type Repository } from './repository.ts';

const CHEATS: Readonly<Record<RunnerName, readonly Cheat[]>> = {
  unittest: PYTHON_CHEATS,
  pytest: PYTEST_CHEATS,
  'node-test': JAVASCRIPT_CHEATS,
  vitest: VITEST_CHEATS,
  go: GO_CHEATS,
  cargo: RUST_CHEATS,
  junit: JAVA_CHEATS,
};

function sampleOf(repository: Repository): Sample {
  const { name, runner, about } = repository;
  const given = givenOf(repository);
  const gold = handedIn(goldOf(repository));
  const task = sampleTask({
    name,
    format: 'patch',
    verifier: { name: 'patch', version: 1 },
    instruction: `${about} Mend it. Hand in one unified diff as ${PATCH_FILE}.`,
    deliverables: [{ path: PATCH_FILE, maxBytes: 200_000, required: true }],
    check: z.json().parse(checkOf(repository)),
    given,
    gold,
  });
  const language = runner === 'pytest' || runner === 'vitest' ? runner : languageOf(repository);
  const variant = (of: { name: string; class: string; diff(one: Repository): string }) => ({
    name: of.name,
    language,
    class: of.class,
    artifact: handedIn(of.diff(repository)),
  });
  return {
    task,
    given,
    gold,
    cheats: [...CHEATS[runner], ...plausibleCheats(runner), ...keptCheats(runner), ...BLOCKED_TESTS].map(variant),
    honest: HONEST.map(variant),
  };
}

/** By runners that every machine has. */
export const PATCH_CORPUS: readonly Sample[] = [
  ...[...PYTHON, ...smallRepositories('unittest').slice(PYTHON.length)],
  ...[...JAVASCRIPT, ...smallRepositories('node-test').slice(JAVASCRIPT.length)],
].map(sampleOf);

/** Runners that come with a project, a toolchain or neither. */
export const FURTHER_RUNNERS = ['pytest', 'vitest', 'go', 'cargo', 'junit'] as const;
export type FurtherRunner = (typeof FURTHER_RUNNERS)[number];

/** The same eleven tasks for each runner. Every cheat is tried on all of them, an honest variant on one: it is the runner that is new. */
export const patchCorpusOf = (runner: FurtherRunner): readonly Sample[] =>
  [textRepository(runner), ...smallRepositories(runner)].map(sampleOf).map((sample, index, all) => ({
    ...sample,
    honest: sample.honest.filter((_, variant) => variant % all.length === index),
  }));
