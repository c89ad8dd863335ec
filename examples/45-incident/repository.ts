// The repository of this example: Anneal's own trainer with a few tests of the parts that need nothing but Python, and then a commit with a mistake.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TESTS = `import unittest

from anneal_trainer.batch import sample_id
from anneal_trainer.failures import CONFIGURATION, Problem, bad_configuration


class Names(unittest.TestCase):
    def test_a_rollout_of_one_completion_keeps_its_name(self):
        self.assertEqual(sample_id({"id": "a/r1"}), "a/r1")

    def test_one_of_several_completions_says_which(self):
        self.assertEqual(sample_id({"id": "a/r1", "completion": 2}), "a/r1/c2")


class Problems(unittest.TestCase):
    def test_a_problem_is_told_in_one_line(self):
        self.assertEqual(Problem("model.base", "smollm2", "x").line(), "model.base: expected smollm2, got x")

    def test_what_is_wrong_with_a_configuration_ends_the_job_as_such(self):
        self.assertEqual(bad_configuration("job.configuration", "no", []).exit_code, CONFIGURATION)
`;

/** Whoever made it wanted to see how the samples of a group lie, and looked one too far. */
const MISTAKE = `

def stretches(groups: list[str]) -> int:
    """How many stretches of samples of one group a batch has, in file order."""
    count = 1
    for at in range(len(groups)):
        if groups[at] != groups[at + 1]:
            count += 1
    return count
`;
const BEFORE = '    return samples, problems\n';
const AFTER = `    if samples:
        print(f"{len(samples)} samples in {stretches([s.group for s in samples])} stretches of a group", flush=True)
    return samples, problems
`;

/** @param place where the bare repository is to be; nothing is there yet */
export function makeRepository(trainer: string, place: string, work: string): void {
  mkdirSync(work, { recursive: true });
  cpSync(join(trainer, 'anneal_trainer'), join(work, 'anneal_trainer'), {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  });
  mkdirSync(join(work, 'tests'));
  writeFileSync(join(work, 'tests', '__init__.py'), '');
  writeFileSync(join(work, 'tests', 'test_reading.py'), TESTS);
  git(work, 'init', '--quiet', '--initial-branch=main');
  commit(work, 'The trainer, and tests of what it reads');
  const batch = join(work, 'anneal_trainer', 'batch.py');
  const text = readFileSync(batch, 'utf8');
  if (!text.includes(BEFORE)) throw new Error('the trainer’s batch.py has no longer what this example changes');
  writeFileSync(batch, `${text.replace(BEFORE, AFTER).trimEnd()}\n${MISTAKE}`);
  commit(work, 'A batch tells how many stretches of a group it has');
  git(work, 'clone', '--quiet', '--bare', work, place);
}

function commit(folder: string, message: string): void {
  git(folder, 'add', '--all');
  git(
    folder,
    '-c',
    'user.name=Somebody',
    '-c',
    'user.email=somebody@localhost',
    'commit',
    '--quiet',
    '--message',
    message,
  );
}

const git = (folder: string, ...args: readonly string[]): void =>
  void execFileSync('git', args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
  });
