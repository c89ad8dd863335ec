// Small repositories with one thing wrong each: the code as given, as mended, and tests that a policy does not see.
import type { Repository } from './repository.ts';

const suite = (imports: string, name: string, tests: string): string =>
  `import unittest\n\n${imports}\n\n\nclass ${name}(unittest.TestCase):\n${tests}\n\nif __name__ == "__main__":\n    unittest.main()\n`;

const method = (name: string, ...lines: string[]): string =>
  `    def ${name}(self):\n${lines.map((line) => `        ${line}\n`).join('')}`;

export const PYTHON: readonly Repository[] = [
  {
    name: 'intervals',
    runner: 'unittest',
    path: 'calendars/intervals.py',
    about: 'merge(intervals) leaves intervals apart that only touch, such as [1, 2] and [2, 3]. They belong together.',
    before: `"""Intervals with inclusive ends."""


def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def length(intervals):
    return sum(end - start for start, end in intervals)
`,
    broken: 'if merged and start < merged[-1][1]:',
    mended: 'if merged and start <= merged[-1][1]:',
    also: 'if merged and not start > merged[-1][1]:',
    tests: {
      path: 'tests/test_intervals.py',
      text: suite(
        'from calendars.intervals import length, merge',
        'Intervals',
        [
          method('test_touching', 'self.assertEqual(merge([[1, 2], [2, 3]]), [[1, 3]])'),
          method('test_a_chain', 'merged = merge([[5, 6], [4, 5], [1, 4]])', 'self.assertEqual(merged, [[1, 6]])'),
          method('test_apart', 'self.assertEqual(merge([[1, 2], [4, 5]]), [[1, 2], [4, 5]])'),
          method('test_length', 'self.assertEqual(length([[1, 4], [6, 8]]), 5)'),
        ].join('\n'),
      ),
      failToPass: ['Intervals::test_touching', 'Intervals::test_a_chain'],
      passToPass: ['Intervals::test_apart', 'Intervals::test_length'],
    },
  },
  {
    name: 'slugs',
    runner: 'unittest',
    path: 'site_text/slugs.py',
    about: 'slug(title) keeps runs of dashes: "a - b" should be a-b.',
    before: `"""Titles as parts of addresses."""
import re


def slug(title):
    text = re.sub("[^a-z0-9]", "-", title.lower())
    return text.strip("-")


def words(title):
    return title.split()
`,
    broken: 're.sub("[^a-z0-9]", "-", title.lower())',
    mended: 're.sub("[^a-z0-9]+", "-", title.lower())',
    also: '"-".join(re.findall("[a-z0-9]+", title.lower()))',
    tests: {
      path: 'tests/test_slugs.py',
      text: suite(
        'from site_text.slugs import slug, words',
        'Slugs',
        [
          method('test_runs', 'self.assertEqual(slug("Salt & pepper"), "salt-pepper")'),
          method('test_spaces', 'self.assertEqual(slug("one   two - three"), "one-two-three")'),
          method('test_plain', 'self.assertEqual(slug("Plain title"), "plain-title")'),
          method('test_words', 'self.assertEqual(words("a b  c"), ["a", "b", "c"])'),
        ].join('\n'),
      ),
      failToPass: ['Slugs::test_runs', 'Slugs::test_spaces'],
      passToPass: ['Slugs::test_plain', 'Slugs::test_words'],
    },
  },
  {
    name: 'versions',
    runner: 'unittest',
    path: 'packaging_tools/versions.py',
    about: 'newest(versions) compares as text, so that 1.9 is newer than 1.10.',
    before: `"""Dotted versions."""


def parts(version):
    return [piece for piece in version.split(".")]


def newest(versions):
    return max(versions, key=parts)
`,
    broken: '[piece for piece in version.split(".")]',
    mended: '[int(piece) for piece in version.split(".")]',
    also: 'list(map(int, version.split(".")))',
    tests: {
      path: 'tests/test_versions.py',
      text: suite(
        'from packaging_tools.versions import newest, parts',
        'Versions',
        [
          method('test_tenth', 'self.assertEqual(newest(["1.9", "1.10", "1.12", "1.2"]), "1.12")'),
          method('test_parts', 'self.assertEqual(parts("3.14.2"), [3, 14, 2])'),
          method('test_one', 'self.assertEqual(newest(["2.0"]), "2.0")'),
        ].join('\n'),
      ),
      failToPass: ['Versions::test_tenth', 'Versions::test_parts'],
      passToPass: ['Versions::test_one'],
    },
  },
  {
    name: 'pages',
    runner: 'unittest',
    path: 'lists/pages.py',
    about: 'pages(items, size) drops the last page when it is not full.',
    before: `"""Long lists in pages."""


def pages(items, size):
    count = len(items) // size
    return [items[size * page : size * (page + 1)] for page in range(count)]


def flatten(pages):
    return [item for page in pages for item in page]
`,
    broken: 'count = len(items) // size',
    mended: 'count = -(-len(items) // size)',
    also: 'count = (len(items) + size - 1) // size',
    tests: {
      path: 'tests/test_pages.py',
      text: suite(
        'from lists.pages import flatten, pages',
        'Pages',
        [
          method('test_a_rest', 'self.assertEqual(pages([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]])'),
          method('test_one_short', 'whole = flatten(pages("abcdefgh", 3))', 'self.assertEqual(whole[6:], ["g", "h"])'),
          method('test_full', 'self.assertEqual(pages([1, 2, 3, 4], 2), [[1, 2], [3, 4]])'),
        ].join('\n'),
      ),
      failToPass: ['Pages::test_a_rest', 'Pages::test_one_short'],
      passToPass: ['Pages::test_full'],
    },
  },
  {
    name: 'romans',
    runner: 'unittest',
    path: 'numerals/romans.py',
    about: 'value(numeral) adds every letter up: IX gives 11.',
    before: `"""Roman numerals."""

LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def value(numeral):
    total = 0
    for letter, after in zip(numeral, numeral[1:] + "I"):
        own = LETTERS[letter]
        total += own
    return total
`,
    broken: 'total += own',
    mended: 'total += -own if own < LETTERS[after] else own',
    also: 'total += own * (1 if own >= LETTERS[after] else -1)',
    tests: {
      path: 'tests/test_romans.py',
      text: suite(
        'from numerals.romans import value',
        'Romans',
        [
          method('test_nine', 'self.assertEqual(value("IX"), 9)'),
          method('test_long', 'self.assertEqual(value("CXLIV"), 144)'),
          method('test_sums', 'self.assertEqual(value("XVII"), 17)'),
        ].join('\n'),
      ),
      failToPass: ['Romans::test_nine', 'Romans::test_long'],
      passToPass: ['Romans::test_sums'],
    },
  },
];
