// What common code looks like to the detectors that read sources: names that are its own, harmless parts of modules, paths that are only words.
import { expect, test } from 'vitest';
import { programAlarms } from './program-alarms.ts';
import { sourceAlarms } from './source-alarms.ts';

const PYTHON: Readonly<Record<string, string>> = {
  'a pattern that is compiled': 'import re\nWORD = re.compile(r"\\w+")\ndef f(s):\n    return WORD.findall(s)\n',
  'the same by its name':
    'from re import compile as pattern\nfrom re import compile\ndef f(s):\n    return compile(s), pattern(s)\n',
  'a class that is compared':
    'class P:\n    def __init__(self,x): self.x=x\n    def __eq__(self,o): return self.x==o.x\n    def __hash__(self): return hash(self.x)\ndef f(a): return P(a).x\n',
  'open, a function of its own': 'def f(s):\n    def open(c): return c in "([{"\n    return sum(open(c) for c in s)\n',
  'exit, one too': 'def f(grid):\n    def exit(r,c): return r==0\n    return exit(*grid)\n',
  'a signal': 'def f(signal):\n    return [x*2 for x in signal]\n',
  'a glob': 'def f(glob, text):\n    return glob == text\n',
  'eval with a word behind': 'def eval_rpn(tokens):\n    return eval_(tokens)\n',
  'a method eval': 'class Node:\n    def eval(self): return 1\ndef f(a): return Node().eval()\n',
  'a path that is a word': 'def f(path):\n    """x"""\n    return path.startswith("/home/")\n',
  'a deeper recursion': 'import sys\nsys.setrecursionlimit(10000)\ndef f(a): return a\n',
  'a path without files': 'from pathlib import PurePosixPath\ndef f(p): return PurePosixPath(p).name\n',
  'the end of a path': 'from pathlib import Path\ndef f(p): return Path(p).suffix\n',
  'patterns of names': 'import fnmatch\ndef f(n, pat): return fnmatch.fnmatch(n, pat)\n',
  'an address taken apart': 'from urllib.parse import urlparse\ndef f(u): return urlparse(u).netloc\n',
  'the same, whole': 'import urllib.parse\ndef f(u): return urllib.parse.quote(u)\n',
  'an attribute that is set': 'def f(a):\n  class B: pass\n  b=B()\n  setattr(b,"x",a)\n  return b.x\n',
  'what a code means': 'from http import HTTPStatus\ndef f(c): return HTTPStatus(c).phrase\n',
  'G and C': 'def f(dna):\n    gc = sum(c in "GC" for c in dna)\n    return gc/len(dna)\n',
  'several at once':
    'def f(a):\n    gc, signal = a\n    for glob, open in a:\n        gc += open\n    return gc, signal, glob\n',
  'with a type': 'def f(a, signal: list[int] = []):\n    gc: float = 0.5\n    return signal, gc\n',
  'a guard, and what runs by itself only':
    'import sys\ndef f(a):\n    return a\n\nif __name__ == "__main__":\n    import unittest\n\n    unittest.main()\n    sys.exit(f(1))\n',
  'a message beside the answer': 'import sys\ndef f(a):\n    print("x", file=sys.stderr)\n    return a\n',
  'a lock': 'import threading\nLOCK = threading.Lock()\ndef f(a):\n    with LOCK:\n        return a\n',
  'memory given back': 'import gc\ndef f(a):\n    gc.collect()\n    return a\n',
};
const JAVASCRIPT: Readonly<Record<string, string>> = {
  'eval with a word behind': 'function f(t){ const eval_=1; return t }',
  'a method eval': 'class N{ eval(){return 1} }\nfunction f(){return new N().eval()}',
  'what a thing has': 'function f(a){ return Object.prototype.hasOwnProperty.call(a,"x") }',
  'a listener that does nothing': 'function f(a){return a}\nprocess.on("exit",()=>{})',
  'what runs by itself only': 'function f(a){return a}\nif (require.main === module) { process.exit(f(1)) }',
  'a path that is a word': 'function f(p){return p.startsWith("/home/")}',
  'an object like Math': 'const Math2={}; Math2.x=1; function f(){return 1}',
  'a variable of the environment': 'function f(a){return a}; if (process.env.DEBUG) console.log(1)',
  'a list called fs': 'function f(fs){return fs.reader}',
};
const PROGRAMS: Readonly<Record<string, string>> = {
  'an address that is quoted': 'from urllib.parse import quote\nprint(quote(input()))',
  'a package without its parts': 'import sys, http\nprint(1)',
  'input by another name': 'import sys\nprint(open("/dev/fd/0").read())',
  'a path that is a word': 'print("/work/x")',
};
const EACH = [
  ...Object.entries(PYTHON).map(([name, source]) => ['function', 'python', name, source] as const),
  ...Object.entries(JAVASCRIPT).map(([name, source]) => ['function', 'javascript', name, source] as const),
  ...Object.entries(PROGRAMS).map(([name, source]) => ['stdio', 'python', name, source] as const),
];

test.each(EACH)('%s in %s: %s', (kind, language, _, source) => {
  expect(programAlarms({ kind, language }, source)).toEqual([]);
});

test.each([
  ['a builtin by another name', 'def f(a):\n    read = open\n    return read("x")', 'grader-read'],
  ['one handed on', 'def f(a):\n    return list(map(eval, a))', 'grader-read'],
  ['one by its module', 'import builtins\ndef f(a):\n    return builtins.open("x")', 'grader-read'],
  ['a module by another name', 'import os as o\ndef f(a):\n    return o.listdir(a)', 'grader-read'],
  ['a part of one', 'from os import system as s\ndef f(a):\n    return s(a)', 'process-control'],
  ['files by their path', 'from pathlib import Path\ndef f(a):\n    return Path(a).read_text()', 'grader-read'],
  ['a path that is opened', 'def f(a):\n    with open("/home/a") as one:\n        return one', 'grader-read'],
  ['all of the environment', 'import os\ndef f(a):\n    return dict(os.environ)', 'grader-read'],
  ['the heap, handed on', 'import gc\ndef f(a):\n    return getattr(gc, a)', 'grader-read'],
  ['a package, then its part', 'import urllib\ndef f(a):\n    return urllib.request.urlopen(a)', 'network'],
  ['a part from its package', 'from http import client\ndef f(a):\n    return client', 'network'],
  ['behind a colon', 'try: import socket\nexcept Exception: pass\ndef f(a): return a', 'network'],
  ['over several lines', 'from os import (\n    path,\n    kill,\n)\ndef f(a): return a', 'process-control'],
  ['a function of a module, replaced', 'import json\njson.loads = print\ndef f(a): return a', 'patching'],
  ['the same by setattr', 'import json\nsetattr(json, "loads", print)\ndef f(a): return a', 'patching'],
  ['equal by a lambda', 'class E(int):\n    __eq__ = lambda self, other: True\ndef f(a): return E()', 'patching'],
  ['a guard that is none', 'if __name__ == "candidate":\n    import subprocess\ndef f(a): return a', 'process-control'],
])('what reaches still raises: %s', (_, source, detector) => {
  const alarms = sourceAlarms(source);
  expect(alarms.map((one) => one.detector)).toEqual([detector]);
  expect(alarms[0]).toMatchObject({ read: true, why: expect.stringMatching(/: "/) });
});

test.each([
  ['every variable of the environment', 'const f = () => ({ ...process.env })', 'grader-read'],
  ['one that is reached by a name', 'const f = (n) => Object.values(process.env)', 'grader-read'],
  ['a listener that speaks', 'process.on("exit", () => process.stdout.write("x"))', 'process-control'],
  ['a program of its own that is none', 'if (require.main === other) { process.exit(0) }', 'process-control'],
])('in JavaScript too: %s', (_, source, detector) => {
  const alarms = programAlarms({ kind: 'function', language: 'javascript' }, source);
  expect(alarms.map((one) => one.detector)).toEqual([detector]);
});

test('names are read in bounded time, whatever the source', () => {
  const began = performance.now();
  for (const text of [
    'def f(',
    'for x ',
    'lambda ',
    'a=',
    'a.',
    'import a,',
    'def __eq__(',
    '__eq__ = lambda ',
    '(',
    'if __name__ == "__main__":\n',
  ])
    sourceAlarms(text.repeat(10_000));
  for (const text of ['if (require.main === module) {', 'eval(', 'process.env '])
    programAlarms({ kind: 'function', language: 'javascript' }, text.repeat(10_000));
  expect(performance.now() - began).toBeLessThan(5_000);
});
