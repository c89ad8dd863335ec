import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alikeElsewhere } from './alike.ts';
import { abstracted, tokensOf } from './tokens.ts';

const files = (of: Readonly<Record<string, string>>) =>
  new Map(Object.entries(of).map(([path, text]) => [path, Buffer.from(text)]));
const places = (before: Readonly<Record<string, string>>, edits: Readonly<Record<string, string | null>>) =>
  alikeElsewhere(
    files(before),
    new Map(Object.entries(edits).map(([path, text]) => [path, text === null ? null : Buffer.from(text)])),
  ).map(({ path, line, lines, same }) => `${path}:${line}${lines > 1 ? `+${lines}` : ''}${same ? ' same' : ''}`);

const shape = (line: string): string => abstracted([tokensOf(line)])[0]!;

test('names of variables are abstracted; what is called, attributes, numbers and signs are not', () => {
  expect(shape('  total = total + rate * gradient  # up')).toBe('$1 = $1 + $2 * $3');
  expect(shape('self.weights[at] += self.rate * g')).toBe('self . weights [ $1 ] += self . rate * $2');
  expect(shape('const x = f(y, "a b", 0.5); // note')).toBe('const $1 = f ( $2 , "" , 0.5 ) ;');
  expect(tokensOf('# only words')).toEqual([]);
  expect(shape('url = "http://host/x#y"')).toBe('$1 = ""');
});

test('the pattern that a fix took away is found elsewhere, under other names, and not where it is right', () => {
  const before = {
    'a.py': 'def step(ws, gs, lr):\n    return [w + lr * g for w, g in zip(ws, gs)]\n',
    'b.py': 'def other(xs, ys, k):\n    # the same\n    return [x + k * y for x, y in zip(xs, ys)]\n',
    'c.py': 'def right(xs, ys, k):\n    return [x - k * y for x, y in zip(xs, ys)]\n',
    'd.ts': 'return [w + lr * g for w, g in zip(ws, gs)]\n',
  };
  const after = { 'a.py': before['a.py'].replace('w + lr', 'w - lr') };
  expect(places(before, after)).toEqual(['b.py:3']);
});

test('several lines together, with empty ones and comments between them; elsewhere in the same file too', () => {
  const block = (a: string, b: string) => `    with open(${a}, "w") as ${b}:\n        json.dump(state, ${b})\n`;
  const before = {
    'a.py': `def save(state, path):\n${block('path', 'file')}\n\ndef again(state, where):\n    # here too\n\n${block('where', 'f').replace(':\n', ':\n\n')}`,
    'b.py': `def one(state, p):\n    with open(p, "w") as q:\n        q.write(state)\n`,
  };
  const after = {
    'a.py': before['a.py'].replace(
      block('path', 'file'),
      '    write_beside(path, lambda file: json.dump(state, file))\n',
    ),
  };
  expect(places(before, after)).toEqual(['a.py:8+3', 'b.py:2']);
});

test('where only names changed, only those names are alike', () => {
  const before = { 'a.py': 'gain = after - before\nloss = first - last\nlost = after - before\n' };
  expect(places(before, { 'a.py': before['a.py'].replace('gain = after - before', 'gain = before - after') })).toEqual(
    [],
  );
  const twice = { 'a.py': 'gain = after - before\n', 'b.py': 'gain = after - before\nloss = x - y\n' };
  expect(places(twice, { 'a.py': 'gain = before - after\n' })).toEqual(['b.py:1 same']);
});

test('what says little, or is no text, is alike to nothing; a file that is removed has no pattern', () => {
  const before = {
    'a.py': 'x = 1\nreturn x\nelse:\n',
    'b.py': 'y = 1\nreturn y\nelse:\n',
    'c.py': 'total = f(a, b, c)\n',
  };
  expect(places(before, { 'a.py': '' })).toEqual([]);
  expect(places(before, { 'c.py': null })).toEqual([]);
  expect(places({ 'a.py': 'total = f(a, b, c)\n', 'b.py': 'sum_ = f(x, y, z)\n\0' }, { 'a.py': 'pass\n' })).toEqual([]);
});

test('a line that only moved, or was indented, was not taken away', () => {
  const line = 'data = os.read(descriptor, 65536)\n';
  const before = { 'a.py': `${line}first = second + third * 2\n`, 'b.py': line };
  expect(
    places(before, { 'a.py': `try:\n    ${line}finally:\n    os.close(descriptor)\nfirst = second + third * 2\n` }),
  ).toEqual([]);
});

test('whatever the texts are: places are lines of the files as they are afterwards, and nothing hangs', () => {
  const line = fc.constantFrom(
    'a = b + c * d',
    'x = y + z * w',
    'for i in range(n):',
    '    p(q)',
    '"',
    '`',
    '\\',
    '',
    'é = ü(1)',
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(text, text, text, (one, other, now) => {
      const found = alikeElsewhere(files({ 'a.py': one, 'b.py': other }), new Map([['a.py', Buffer.from(now)]]));
      for (const { path, line: at, text: shown } of found) {
        const lines = (path === 'a.py' ? now : other).split('\n');
        expect(shown.split('\n')[0]).toBe(lines[at - 1]);
      }
    }),
    { numRuns: 300 },
  );
});
