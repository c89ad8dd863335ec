// A small program that divides by nothing, the log that shows it, a remedy, and one that only makes the error go away.
import { sha256 } from '../../contracts/ids.ts';
import { type Skill, skillFront, skillName } from '../../contracts/skill.ts';

export const FILES = {
  'app/__init__.py': '',
  'app/scale.py': 'def scale(values):\n    top = max(values)\n    return [value / top for value in values]\n',
  'tests/test_scale.py': `import unittest
from app.scale import scale


class Scale(unittest.TestCase):
    def test_halves(self):
        self.assertEqual(scale([1, 2]), [0.5, 1.0])
`,
};
export const LOG = `step 1 loss 0.5
step 2 loss 0.4
Traceback (most recent call last):
  File "/srv/app/train.py", line 12, in <module>
    rewards = scale(rewards)
  File "/srv/app/scale.py", line 3, in scale
    return [value / top for value in values]
ZeroDivisionError: float division by zero
`;
const TESTS = `tests = pathlib.Path('tests/test_zeros.py')
tests.write_text('''import unittest
from app.scale import scale


class Zeros(unittest.TestCase):
    def test_all_zero(self):
        self.assertEqual(scale([0, 0]), [0, 0])
''')
`;
export const MEND = remedy(
  'guard-division',
  `import pathlib
place = pathlib.Path('app/scale.py')
text = place.read_text()
place.write_text(text.replace('    return', '    if top == 0:\\n        return list(values)\\n    return'))
${TESTS}`,
);
/** Takes a line away, and puts another one there. */
export const EXACT = remedy(
  'guard-each',
  `import pathlib
place = pathlib.Path('app/scale.py')
place.write_text(place.read_text().replace('value / top for', '(value / top if top else value) for'))
${TESTS}`,
);
/** Makes the error go away, and the numbers with it. */
export const WRONG = remedy(
  'aaa-swallow',
  `import pathlib
pathlib.Path('app/scale.py').write_text('def scale(values):\\n    return list(values)\\n')
${TESTS}`,
);

/** A remedy for whatever asks for a mended program: this Python, run among the repository's files. */
function remedy(name: string, program: string): Skill {
  const files = new Map([['mend.py', Buffer.from(program)]]);
  return {
    ...{ name: skillName.parse(name), page: '', files, version: sha256.parse('5'.repeat(64)), children: [] },
    front: skillFront.parse({
      ...{ name: `Mend by ${name}`, description: 'A remedy of a test.' },
      remedy: { for: ['fix-code'], program: 'mend.py' },
    }),
  };
}
