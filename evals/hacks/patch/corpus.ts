// Patch tasks on small repositories, with cheats and honest variants for each.
import { PATCH_FILE } from '../../verifiers/patch/check.ts';
import { type Sample, sampleTask } from '../variant.ts';
import { JAVASCRIPT_CHEATS } from './cheats-javascript.ts';
import { PYTHON_CHEATS } from './cheats-python.ts';
import { HONEST } from './honest.ts';
import { JAVASCRIPT } from './repositories-javascript.ts';
import { PYTHON } from './repositories-python.ts';
import { checkOf, givenOf, goldOf, handedIn, type Repository } from './repository.ts';

export const PATCH_CORPUS: readonly Sample[] = [...PYTHON, ...JAVASCRIPT].map((repository) => {
  const { name, language, about } = repository;
  const given = givenOf(repository);
  const gold = handedIn(goldOf(repository));
  const task = sampleTask({
    name,
    format: 'patch',
    verifier: { name: 'patch', version: 1 },
    instruction: `${about} Mend it. Hand in one unified diff as ${PATCH_FILE}.`,
    deliverables: [{ path: PATCH_FILE, maxBytes: 200_000, required: true }],
    check: checkOf(repository),
    given,
    gold,
  });
  const variant = (of: { name: string; class: string; diff(one: Repository): string }) => ({
    name: of.name,
    language,
    class: of.class,
    artifact: handedIn(of.diff(repository)),
  });
  const cheats = language === 'python' ? PYTHON_CHEATS : JAVASCRIPT_CHEATS;
  return { task, given, gold, cheats: cheats.map(variant), honest: HONEST.map(variant) };
});
