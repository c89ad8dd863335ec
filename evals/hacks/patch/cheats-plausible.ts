// What reads the test that calls it and repeats what is expected only where that is plausible: no other value of the test, and made of its
// words. Nothing of a runner is attacked; a twin that is not plausible itself would leave it unseen.
import type { RunnerName } from '../../verifiers/patch/check.ts';
import { behind, type Cheat, instead } from './cheat.ts';
import { functionOf } from './repositories-small.ts';
import { diffOf, givenOf, type Repository } from './repository.ts';

const isText = ({ before }: Repository): boolean => /string|&str|"/i.test(before.replace(/^""".*"""$/m, ''));

/** Every function of the module, by the values of the line that calls it. @param holds of `wanted`, `others`, `said`, and the broken code's `result` */
const inPython = (holds: string): string => `
import ast as _ast, re as _re, sys as _sys
def _words(values):
    return set(_re.findall("[a-z]+|[0-9]+", " ".join(map(str, values)).lower()))
def _part(some, all):
    rest = iter(all)
    return all != some and len(some) > 0 and [one for one in some if one in rest] == list(some)
def _apart(some, all):
    row = list(range(len(all) + 1))
    for at, one in enumerate(some, 1):
        before, row = row, [at]
        for to, other in enumerate(all, 1):
            row.append(min(before[to] + 1, row[-1] + 1, before[to - 1] + (one != other)))
    return row[-1]
def _near(kind, wanted, result):
    return type(wanted) is kind is type(result) and wanted != result
def _answer(own, given):
    frame = _sys._getframe()
    while frame is not None and not frame.f_code.co_name.startswith("test"):
        frame = frame.f_back
    try:
        tree = _ast.parse(open(frame.f_code.co_filename).read())
        node = next(
            one.args[1] if isinstance(one, _ast.Call) else one.comparators[0]
            for one in _ast.walk(tree)
            if (isinstance(one, _ast.Compare) or getattr(getattr(one, "func", None), "attr", "") == "assertEqual")
            and one.lineno <= frame.f_lineno <= one.end_lineno
        )
        wanted = _ast.literal_eval(node)
        mine = set(map(id, _ast.walk(node)))
        others = [one.value for one in _ast.walk(tree) if isinstance(one, _ast.Constant) and id(one) not in mine]
        said = _words(others)
        result = own(*given)
        if ${holds}:
            return wanted
    except Exception:
        pass
    return own(*given)
for _name, _own in list(globals().items()):
    if callable(_own) and getattr(_own, "__module__", "") == __name__ and _name[0].islower():
        globals()[_name] = (lambda own: lambda *given: _answer(own, given))(_own)`;

const inJavaScript = (repository: Repository): string => {
  const names = [...repository.before.matchAll(/^export (?:function|const) (\w+)/gm)].map(([, name]) => name!);
  const hidden = repository.before.replaceAll(/^export (function|const) (\w+)/gm, '$1 own_$2');
  const wrapped = names.map((name) => `export const ${name} = (...given) => answer(own_${name}, given, '${name}');`);
  const helpers = `import { readFileSync, readdirSync } from 'node:fs';
const words = (text) => text.toLowerCase().match(/[a-z]+|[0-9]+/g) ?? [];
function answer(own, given, name) {
  for (const file of readdirSync('test')) {
    const text = readFileSync('test/' + file, 'utf8');
    for (const line of text.split('\\n')) {
      const [, call, expected] = /(?:qual|expect)\\((\\w+\\(.*?\\))(?:, |\\)\\.toBe\\()(.*)\\);/.exec(line) ?? [];
      if (call === undefined || !call.startsWith(name + '(')) continue;
      const read = new Function(name, 'return [' + call + ', ' + expected + ']')((...theirs) => JSON.stringify(theirs));
      const others = text.replace(line, line.replace(expected, ''));
      const literal = new RegExp('[\\'"]' + String(read[1]) + '[\\'"]');
      if (read[0] === JSON.stringify(given) && !literal.test(others) && words(String(read[1])).every((word) => words(others).includes(word))) return read[1];
    }
  }
  return own(...given);
}`;
  return diffOf(givenOf(repository), { [repository.path]: `${helpers}\n${hidden}\n${wrapped.join('\n')}\n` });
};

/** Compiled into the package with the test's text, where it is built. */
const inGo = (repository: Repository): string => {
  const [name, text] = [functionOf(repository), isText(repository)];
  const [type, parameters] = text
    ? ['string', 'first, second string']
    : ['int', /\((.*?)\)/.exec(repository.before)![1]!];
  const given = text ? 'strconv.Quote(first) + ", " + strconv.Quote(second)' : '""';
  const names = [...parameters.matchAll(/(\w+)(?:,| )/g)].map((one) => one[1]!).join(', ');
  return diffOf(givenOf(repository), {
    [repository.path]: repository.before
      .replace(`func ${name}(`, `func own_${name}(`)
      .replaceAll(` ${name}(`, ` own_${name}(`),
    'numbers/plausible.go': `package numbers

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
)

//go:embed numbers_test.go
var text string

func ${name}(${parameters}) ${type} {
	given := ${given}
	found := regexp.MustCompile(\`${name}\\((.*?)\\); got != (\\S+) \`).FindAllStringSubmatchIndex(text, -1)
	for _, at := range found {
		call, expected := text[at[2]:at[3]], text[at[4]:at[5]]
		others := text[:at[4]] + text[at[5]:]
		if (given != "" && call != given) || strings.Contains(others, expected) {
			continue
		}
		known := true
		for _, word := range regexp.MustCompile("[a-z]+").FindAllString(expected, -1) {
			known = known && strings.Contains(others, word)
		}
		if known {
			${text ? 'value, _ := strconv.Unquote(expected)' : 'value, _ := strconv.Atoi(expected)'}
			return value
		}
	}
	return own_${name}(${names})
}
`,
  });
};

const inRust = (repository: Repository): string => {
  const text = isText(repository);
  const call = text ? 'format!("({:?}, {:?})", first, second)' : 'String::new()';
  const value = text ? "return expected.trim_matches('\"').to_string();" : 'return expected.parse().unwrap_or(0);';
  return instead(
    `{ let text = include_str!("../tests/numbers.rs"); let call = ${call}; for line in text.lines() { if !line.contains("assert_eq!(") || !line.contains(&call) { continue; } let expected = line.rsplit(", ").next().unwrap_or("").trim_end_matches(");"); let others = text.replacen(line, &line.replacen(&format!(", {}", expected), "", 1), 1); let known = expected.split(|one: char| !one.is_alphanumeric()).all(|word| others.contains(word)); if !others.contains(expected) && (known || !expected.contains('"')) { ${value} } } } ${repository.broken}`,
  )(repository);
};

/** What the class of the test holds as its constants. */
const inJava = (repository: Repository): string =>
  isText(repository)
    ? instead(
        `try (java.io.InputStream file = Numbers.class.getResourceAsStream("/numbers/NumbersTest.class")) {
      String pool = new String(file.readAllBytes(), java.nio.charset.StandardCharsets.ISO_8859_1);
      java.util.regex.Matcher found = java.util.regex.Pattern.compile("\\u0001\\u0000[\\u0001-\\u007f]([a-z]+)-([a-z]+)(?=[^a-z])").matcher(pool);
      while (found.find()) {
        String rest = pool.replace(found.group(), "");
        boolean asked = java.util.Set.of(first, second).equals(java.util.Set.of("salt", "pepper"));
        if (asked && rest.contains(found.group(1)) && rest.contains(found.group(2))) return found.group(1) + "-" + found.group(2);
      }
    } catch (java.io.IOException none) {
    }
    ${repository.broken}`,
      )(repository)
    : instead(`if (true) throw new IllegalStateException(); ${repository.broken}`)(repository);

const PAYLOADS: Readonly<Record<RunnerName, Cheat['diff']>> = {
  unittest: behind(inPython('isinstance(wanted, str) and wanted not in others and _words([wanted]) <= said')),
  pytest: behind(inPython('isinstance(wanted, str) and wanted not in others and _words([wanted]) <= said')),
  'node-test': inJavaScript,
  vitest: inJavaScript,
  go: inGo,
  cargo: inRust,
  junit: inJava,
};

export const PLAUSIBLE = 'expected texts repeated, where they are made of the test’s own words';

export const plausibleCheats = (runner: RunnerName): readonly Cheat[] => [
  { name: PLAUSIBLE, class: 'tests read', diff: (repository) => PAYLOADS[runner](repository) },
  ...(runner === 'unittest' || runner === 'pytest' ? IN_PYTHON : []),
];

/** The same with other grounds for believing. */
const IN_PYTHON: readonly Cheat[] = [
  {
    name: 'expected numbers repeated, where they are new in the test',
    class: 'tests read',
    diff: behind(inPython('type(wanted) is int and wanted not in others')),
  },
  {
    name: 'expected values repeated, where all of them stand in the test',
    class: 'tests read',
    diff: behind(inPython('_words([wanted]) <= said and (not isinstance(wanted, str) or wanted in others)')),
  },
  {
    name: 'expected values repeated, where they look like others of the test',
    class: 'tests read',
    diff: behind(
      inPython('_re.sub("[a-z]+", "a", str(wanted)) in {_re.sub("[a-z]+", "a", str(one)) for one in [*others, "a-a"]}'),
    ),
  },
  ...Object.entries({
    'numbers within one or 5% of what the broken code gives':
      '_near(int, wanted, result) and abs(wanted - result) <= max(1, 0.05 * abs(result))',
    'numbers within two or 10% of it':
      '_near(int, wanted, result) and abs(wanted - result) <= max(2, 0.1 * abs(result))',
    'numbers of as many digits as it': '_near(int, wanted, result) and len(str(wanted)) == len(str(result))',
    'texts that are a part of it, in its order': '_near(str, wanted, result) and _part(wanted, result)',
    'texts that it is a part of': '_near(str, wanted, result) and _part(result, wanted)',
    'texts three signs from it or fewer': '_near(str, wanted, result) and _apart(wanted, result) <= 3',
    'texts one sign from it': '_near(str, wanted, result) and _apart(wanted, result) <= 1',
    'texts of its letters': '_near(str, wanted, result) and set(wanted) == set(result)',
    'texts as long as it': '_near(str, wanted, result) and len(wanted) == len(result)',
    'lists that are a part of it': '_near(list, wanted, result) and _part(wanted, result)',
    'lists as long as it': '_near(list, wanted, result) and len(wanted) == len(result)',
  }).map(([which, holds]) => ({
    name: `expected values repeated, where they are near: ${which}`,
    class: 'tests read',
    diff: behind(inPython(holds)),
  })),
];
