// What the *scripted* coding model does with those planted incidents that no remedy takes: it looks, shows the fault by a test, mends it, and
// runs all tests. It is no model, and knows the mistake beforehand.
import type { ChatMove } from '../support/scripted-chat.ts';

const shell = (command: string): ChatMove => ({ tool: 'shell', with: { command } });
const read = (path: string): ChatMove => ({ tool: 'read_file', with: { path } });
const edit = (path: string, old: string, now: string): ChatMove => ({
  tool: 'edit_file',
  with: { path, old, new: now },
});
const write = (path: string, content: string): ChatMove => ({ tool: 'write_file', with: { path, content } });
const submit = (summary: string): ChatMove => ({ tool: 'submit', with: { summary } });
const ALL = 'python3 -B -m unittest 2>&1 | tail -20';

export const CODING_SCRIPTS: Readonly<Record<string, readonly ChatMove[]>> = {
  'entropy-falls': [
    shell('ls -R . && cat README.md'),
    read('arms/learn.py'),
    read('arms/policy.py'),
    write(
      'tests/test_bonus.py',
      `import unittest

from arms.learn import learn
from arms.policy import entropy, probabilities


class Bonus(unittest.TestCase):
    def test_without_any_reward_the_bonus_spreads_the_policy(self):
        before = [1.0, 0.0, -1.0]
        after = learn(before, [0, 1, 2], [0.0, 0.0, 0.0])
        self.assertGreater(entropy(probabilities(after)), entropy(probabilities(before)))
`,
    ),
    shell(ALL),
    edit('arms/learn.py', 'change - bonus * slope', 'change + bonus * slope'),
    shell(ALL),
    submit('The entropy bonus was taken off where it has to be added: preferences follow a reward uphill.'),
  ],
  'steps-slow-down': [
    shell('ls -R . && cat moving/run.py'),
    read('moving/schedule.py'),
    write(
      'tests/test_every.py',
      `import unittest

from moving.schedule import is_evaluated


class Every(unittest.TestCase):
    def test_only_each_tenth_step_is_evaluated(self):
        self.assertEqual([step for step in range(1, 41) if is_evaluated(step, 10)], [10, 20, 30, 40])
`,
    ),
    shell(ALL),
    edit('moving/schedule.py', 'return step >= every', 'return step % every == 0'),
    shell(ALL),
    submit('Every step from the fiftieth on was evaluated, in place of every fiftieth.'),
  ],
  'loader-stops': [
    shell('cat feed/loader.py; grep -nv "^[0-9]* [0-9]*$" records.txt'),
    write(
      'tests/test_broken_record.py',
      `import unittest

from feed.loader import Loader


class BrokenRecord(unittest.TestCase):
    def test_a_broken_record_is_left_out_and_counted(self):
        loader = Loader(["1 2", "3 four", "5 6"], seconds=0.5)
        self.assertEqual(list(loader), [(1, 2), (5, 6)])
        self.assertEqual(loader.broken, 1)
`,
    ),
    shell(ALL),
    edit(
      'feed/loader.py',
      '        self._queue = queue.Queue(ahead)',
      '        self.broken = 0\n        self._queue = queue.Queue(ahead)',
    ),
    edit(
      'feed/loader.py',
      `        try:
            for line in self._lines:
                left, right = line.split()
                self._queue.put((int(left), int(right)))
            self._queue.put(END)
        except ValueError:
            # A broken record.
            return
`,
      `        for line in self._lines:
            try:
                left, right = line.split()
                record = (int(left), int(right))
            except ValueError:
                self.broken += 1
                continue
            self._queue.put(record)
        self._queue.put(END)
`,
    ),
    shell(ALL),
    submit(
      'One record is no pair of numbers, and the thread that reads ahead ended there without a word. It leaves such records out and counts them.',
    ),
  ],
  'token-outside': [
    shell('cat letters/*.py'),
    write(
      'tests/test_gap.py',
      `import unittest

from letters.table import Embedding
from letters.vocabulary import encode, size


class Gap(unittest.TestCase):
    def test_what_is_no_letter_has_a_place_too(self):
        table = Embedding(size())
        for token in encode("a: b!"):
            table.of(token)
`,
    ),
    shell(ALL),
    edit('letters/vocabulary.py', 'return len(LETTERS) + len(MARKS) - 1', 'return len(LETTERS) + len(MARKS)'),
    shell(ALL),
    submit(
      'The size left out one of the three marks; ids are those of the vocabulary, so that the size was wrong and not the id.',
    ),
  ],
};
