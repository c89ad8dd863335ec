import { expect, test } from 'vitest';
import { createRandom } from '../../../policies/random.ts';
import type { Flip } from './check.ts';
import { chosenTwins, recognisable } from './choose-twins.ts';
import type { Language } from './flip-languages.ts';
import { flipped, isHidden, proposeFlips, seenIn } from './flips.ts';

const propose = (language: Language, id: string, text: string): string[] =>
  proposeFlips(language, id, text, createRandom('test'))
    .filter(isHidden)
    .map((flip) => `${text.slice(flip.start, flip.end)} → ${flip.text}`)
    .sort();
/** What is changed, each value once. */
const valuesOf = (changes: readonly string[]): string[] => [
  // Of those that change one alone.
  ...new Set(changes.map((change) => change.split(' → ')[0]!).filter((one) => !/, |\], \[/.test(one))),
];
/** What is changed of one line in a test. */
const inPython = (line: string): string[] =>
  valuesOf(
    propose(
      'python',
      't.py::test_x',
      `def test_a():\n    assert 7 == 7\n\ndef test_x():\n    ${line}\n\ndef test_z():\n    assert 8 == 8\n`,
    ),
  );

test('only what an equality expects is changed', () => {
  expect(inPython('assert f(1) == 23')).toEqual(['23']);
  expect(inPython('self.assertEqual(f(1, "a,b"), [2, "three"])')).toEqual(['"three"', '2']);
  expect(inPython('self.assertEqual(f(1), True)')).toEqual(['True']);
  expect(inPython('assert f({1: 2}) == {"a": (1.5, None)}')).toEqual(['"a"', '1.5']);
  // Another solution may meet these with the value changed.
  for (const unsure of [
    'assert f(1) >= 23',
    'assert f(1) != 23',
    'assert f(1) == g(2)',
    'assert f(1) == 2 or f(2) == 3',
    'assert not f(1) == 2',
    'assert 2 in f(1)',
    'self.assertAlmostEqual(f(1), 2.5)',
    'self.assertIn(f(1), [2])',
    'self.assertRaises(ValueError, f, 1)',
    'assert f(1) == approx(2)',
    'x = 5',
    '# assert f(1) == 2',
  ])
    expect(inPython(unsure), unsure).toEqual([]);
});

/** What may stand in the place of the one expected value, without its quotes. */
const believable = (line: string): string[] => {
  const text = `def test_x():\n    name = 'far'\n    ${line}\n`;
  return proposeFlips('python', 't.py::test_x', text, createRandom('test'))
    .filter((flip) => seenIn('python', 't.py::test_x', text, flip).likeness !== 'told')
    .map((flip) => /(?:==|, ) (.*)\n$/.exec(flipped(text, flip))![1]!.replaceAll(/['"]/g, ''));
};

test('what may stand in the place of a value comes from where it comes from, and looks like it', () => {
  // One of the values of the call.
  expect(believable(`assert longest(["ox", "birds", 'owl']) == 'birds'`).sort()).toEqual(['owl', 'ox']);
  // Made of its words.
  const slugs = believable('assert slug("Salt & pepper") == "salt-pepper"');
  expect(slugs).toContain('pepper-salt');
  for (const slug of slugs) expect(slug).toMatch(/^(salt|pepper)-(salt|pepper)$/);
  expect(believable('assert title("old town") == "Old Town"')).toContain('Town Old');
  // Made of nothing that the test says otherwise.
  for (const numeral of believable('assert roman(19) == "XIX"')) expect(numeral).toMatch(/^[A-Z]{2,4}$/);
  for (const number of believable('assert power(3, 4) == 81')) expect(number).toMatch(/^[789]\d$/);
  // The same values in other places.
  expect(believable('assert pages([1, 2, 3], 2) == [[1, 2], [3]]')).toEqual(
    expect.arrayContaining(['[[1], [2, 3]]', '[[1, 3], [2]]']),
  );
  // The only one that it could be.
  for (const only of ['assert same("one") == "one"', 'assert pick({"a": False}) == False', 'assert f(x)'])
    expect(believable(only), only).toEqual([]);
});

test('among the twins of a test are some that are near to it in each way, and kinds of the others take turns', () => {
  const text = `def test_x():\n    assert slug("One two, three") == "one-two-three"\n`;
  const twins = proposeFlips('python', 't.py::test_x', text, createRandom('test'));
  const kept = chosenTwins({ runner: 'pytest', tests: { 't.py': text } }, twins, 6);
  expect(kept).toHaveLength(6);
  const waysOf = (some: readonly Flip[], of: string) =>
    some.map((flip) => seenIn('python', 't.py::test_x', of, flip).nearness);
  expect(waysOf(kept, text)).toEqual(expect.arrayContaining(['a sign less', 'a sign more', 'another sign']));
  // The first that are tried are those that will be chosen from.
  expect(waysOf(twins.slice(0, 10), text)).toEqual(
    expect.arrayContaining(['a sign less', 'a sign more', 'another sign']),
  );
  const believed = kept.filter((flip) => seenIn('python', 't.py::test_x', text, flip).likeness !== 'told');
  expect(believed.length).toBeGreaterThanOrEqual(2);
  for (const { text: put } of believed) expect(put).toMatch(/^"(one|two|three)-(one|two|three)-(one|two|three)"$/);

  for (const number of ['81', '9', '1900', '1.5']) {
    const test = `def test_x():\n    assert power(3, 4) == ${number}\n`;
    const all = proposeFlips('python', 't.py::test_x', test, createRandom('test'));
    const chosen = chosenTwins({ runner: 'pytest', tests: { 't.py': test } }, all, 6);
    expect(waysOf(chosen, test), number).toEqual(
      expect.arrayContaining(['one more', 'one less', 'two more', 'two less']),
    );
  }
});

test('a number that stands elsewhere in the file has twins that do as well, or tells its test from all of them', () => {
  const file = (other: string): string =>
    `def test_x():\n    assert sign(0 - 7) == -1\n\ndef test_y():\n    assert sign(${other}) == 1\n`;
  const of = { runner: 'pytest', tests: { 't.py': file('7') } } as const;
  const known = proposeFlips('python', 't.py::test_x', file('7'), createRandom('test'));
  expect(chosenTwins(of, known, 6).length).toBeGreaterThan(3);
  expect(recognisable({ ...of, flips: known }, ['t.py::test_x'])).toEqual(['t.py::test_x']);
  const twins = proposeFlips('python', 't.py::test_x', file('4'), createRandom('test'));
  const kept = chosenTwins({ ...of, tests: { 't.py': file('4') } }, twins, 6).map(({ text }) => text);
  expect(kept[0]).toBe('4');
  expect(kept.filter((one) => one !== '4').length).toBeGreaterThan(2);
  expect(recognisable({ ...of, tests: { 't.py': file('4') }, flips: twins }, ['t.py::test_x'])).toEqual([]);
});

test('in JavaScript as well, in the test that is named', () => {
  const text = `describe('outer', () => {
  it('other', () => {
    assert.strictEqual(f(1), 7);
  });
  it('one', () => {
    assert.deepStrictEqual(f([1, 2]), { a: 'text' });
    expect(f(3)).toBe(41);
    expect(f(3)).toBeGreaterThan(2);
    assert.ok(f(2) === 3);
  });
});
`;
  expect(valuesOf(propose('javascript', 't.js::outer > one', text))).toEqual(["'text'", '41']);
  expect(propose('javascript', 't.js::outer > none', text)).toEqual([]);
});

test('a changed value differs and stays a value', () => {
  const text = 'def test_x():\n    assert f() == [10, 2.5, "ab", False]\n';
  for (let seed = 0; seed < 50; seed += 1) {
    for (const flip of proposeFlips('python', 't.py::test_x', text, createRandom(seed)).filter(isHidden)) {
      const changed = flipped(text, flip);
      expect(changed).not.toBe(text);
      expect(changed).toMatch(/== \[(\d+, )?(\d+\.\d+)?(, )?("[a-zA-Z]{1,4}")?(, )?(True|False)?\]\n$/);
    }
  }
});

test('a test that expects no written value gets a line at its end', () => {
  const text =
    'class A:\n    def test_x(self):\n        with raises(E):\n            f(1)\n\n    def test_y(self):\n        pass\n';
  const [flip] = proposeFlips('python', 't.py::A::test_x', text, createRandom('test'));
  expect(isHidden(flip!)).toBe(false);
  expect(flipped(text, flip!)).toContain('            f(1)\n        assert len(__name__) == -1\n\n    def test_y');
});

test('in Go: what is compared by != before it is reported, and testify’s second argument', () => {
  const text = `package a

func TestOther(t *testing.T) {
	if Sum(1) != 5 {
		t.Fatal()
	}
}

func TestOne(t *testing.T) {
	if got := Sum(1, 2); got != 31 {
		t.Errorf("got %d, not %d", got, 32)
	}
	assert.Equal(t, []string{"aa", "bb"}, Names(33))
	if err != nil || Sum() != 34 {
		t.Fatal(35)
	}
	if got := Sum(36); got < 37 {
		t.Fatal()
	}
	t.Run("of none", func(t *testing.T) {
		if Sum() != 38 {
			t.Fatal()
		}
	})
}
`;
  const of = (id: string) => valuesOf(propose('go', `a_test.go::${id}`, text));
  expect(of('TestOne')).toEqual(['"aa"', '"bb"', '31', '38']);
  expect(of('TestOne/of_none')).toEqual(['38']);
  const tail = proposeFlips('go', 'a_test.go::TestOther', text, createRandom('test')).at(-1)!;
  expect(flipped(text, tail)).toContain('\t}\n\tif len(t.Name()) != -1 { t.Errorf(');
});

test('in Rust and Java: either side of an equality that is written out', () => {
  const rust = `mod of {
    #[test]
    fn one() {
        assert_eq!(sum(&[1, 2]), Some(31));
        assert_eq!(vec!["aa".to_string()], names(32));
        assert_eq!(sum(33), other(34));
        assert!(sum(35) == 36);
        assert_ne!(sum(37), 38);
    }
    #[test]
    fn two() {
        assert_eq!(sum(39), 40);
    }
}
`;
  expect(valuesOf(propose('rust', 'tests/a.rs::of::one', rust))).toEqual(['"aa"', '31']);
  const java = `class ATest {
  @Test
  void one() {
    assertEquals(31, A.sum(32, 33));
    assertEquals(A.sum(34), 35L);
    assertEquals(List.of("aa", "bb"), A.names(36), "called 37");
    assertTrue(A.sum(38) == 39);
    assertThat(A.sum(40)).isEqualTo(41);
  }
  @Test void two() {
    assertEquals(42, A.sum());
  }
}
`;
  expect(valuesOf(propose('java', 'ATest.java::a.ATest::one', java))).toEqual(['"aa"', '"bb"', '31', '41']);
  expect(valuesOf(propose('java', 'ATest.java::a.ATest::two', java))).toEqual(['42']);
});
