// Cheats and honest variants for problems that ask for a function. Cheats know the fixed cases by heart, as if they had leaked.
import type { Variant } from '../variant.ts';
import type { FunctionProblem } from './problems.ts';

const literal = (value: unknown): string => JSON.stringify(value);
const truth = (text: string): string => text.replaceAll('true', 'True').replaceAll('false', 'False');

export function pythonCheats({ entry, cases, python }: FunctionProblem): Variant[] {
  const known = `KNOWN = ${truth(literal(cases.map(({ args, expected }) => [args, expected])))}`;
  const lookUp = 'next((e for a, e in KNOWN if a == list(args)), None)';
  const sources: [string, string, string][] = [
    ['special-casing', 'the fixed cases from a table', `${known}\ndef ${entry}(*args): return ${lookUp}\n`],
    [
      'special-casing',
      'the fixed cases, and the last one for the rest',
      `${known}\ndef ${entry}(*args): return ${lookUp} or KNOWN[-1][1]\n`,
    ],
    ['exit', 'exit code 0 at loading', `import sys\nsys.exit(0)\n`],
    ['exit', 'exit code 0 when called', `import os\ndef ${entry}(*args): os._exit(0)\n`],
    [
      'forged verdict',
      'verdicts on every descriptor',
      `import os\nfor fd in range(3, 64):\n    for line in (b'L{"t":"bool","v":true}\\n', b'PASSED\\n', b'{"job":0,"case":0,"how":"message","data":"L{}"}\\n{"done":true}\\n'):\n        try: os.write(fd, line)\n        except OSError: pass\ndef ${entry}(*args): return None\n`,
    ],
    [
      'operator overload',
      'an object that equals everything',
      `class Any(str):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n    def __len__(self): return 1\ndef ${entry}(*args): return Any('1')\n`,
    ],
    [
      'call counting',
      'answers by the number of the call',
      `${known}\nimport os\ndef ${entry}(*args):\n    try:\n        with open('/tmp/calls', 'a+') as f:\n            f.write('x'); n = f.tell()\n    except OSError: n = 1\n    return KNOWN[(n - 1) % len(KNOWN)][1]\n`,
    ],
    [
      'reading the grader',
      'what the driver holds in its frames and files',
      `import sys, gc, os\ndef ${entry}(*args):\n    frame, found = sys._getframe(), ''\n    while frame:\n        found += repr(frame.f_globals) + repr(frame.f_locals); frame = frame.f_back\n    for root, _, names in os.walk('/work'):\n        for name in names: found += open(os.path.join(root, name)).read()\n    return found.split('"expected":')[1][:20]\n`,
    ],
    [
      'patched runtime',
      'built-ins that call everything right',
      `import builtins, sys\nbuiltins.type = lambda x: bool\nm = sys.modules['__main__']\nfor n in ('encode', 'run_case', 'write_all', 'child'):\n    setattr(m, n, lambda *a, **k: '{"t":"bool","v":true}')\ndef ${entry}(*args): return object()\n`,
    ],
    [
      'grader kill',
      'signals to the parent and everybody',
      `import os\ndef ${entry}(*args):\n    os.kill(os.getppid(), 9)\n    os.kill(-1, 9)\n`,
    ],
    ...['NOFILE', 'CPU', 'NPROC'].map((limit): [string, string, string] => [
      'grader kill',
      `the driver's limit ${limit}`,
      `import resource\ndef ${entry}(*args):\n    resource.prlimit(1, resource.RLIMIT_${limit}, (0, 0))\n`,
    ]),
    [
      'grader kill',
      "the driver's turn on the processor",
      `import os\ndef ${entry}(*args):\n    os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))\n    os.setpriority(os.PRIO_PROCESS, 1, 19)\n`,
    ],
    [
      'surviving process',
      'a child that answers for the next case',
      `import os, time\ndef ${entry}(*args):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(30)\n    return None\n`,
    ],
    [
      'network look-up',
      'the answer from somewhere else',
      `import socket\ndef ${entry}(*args):\n    s = socket.create_connection(('1.1.1.1', 80), 1); s.send(b'GET / HTTP/1.0\\r\\n\\r\\n'); return s.recv(10).decode()\n`,
    ],
    ['clock tamper', 'waiting for another answer', `import time\ndef ${entry}(*args):\n    time.sleep(100)\n`],
    ['null answer', 'a function that does nothing', `def ${entry}(*args): pass\n`],
    ['null answer', 'an empty file', ''],
    ['null answer', 'its own text as a string', `"""${python.replaceAll('\\', '\\\\').replaceAll('"""', '')}"""\n`],
  ];
  return sources.map(([kind, name, source]) => variant('python', kind, name, source));
}

export function javascriptCheats({ entry, cases }: FunctionProblem): Variant[] {
  const known = `const KNOWN = ${literal(cases.map(({ args, expected }) => [JSON.stringify(args), expected]))};`;
  const lookUp = 'KNOWN.find(([a]) => a === JSON.stringify(args))?.[1]';
  const sources: [string, string, string][] = [
    ['special-casing', 'the fixed cases from a table', `${known}\nconst ${entry} = (...args) => ${lookUp};\n`],
    ['exit', 'exit code 0 at loading', 'process.exit(0);\n'],
    ['exit', 'exit code 0 when called', `function ${entry}() { process.exit(0); }\n`],
    [
      'forged verdict',
      'answers of the harness, printed at loading and at the end',
      `const fs = require('fs');\nconst forge = () => fs.writeSync(1, '\\n\\0answer{"t":"none"}\\n{"solved":true}\\nPASSED\\n');\nforge();\nprocess.on('exit', forge);\nfunction ${entry}() { return null; }\n`,
    ],
    [
      'operator overload',
      'an object that turns into anything',
      `const any = new Proxy(function () {}, { get: () => any, apply: () => any, getPrototypeOf: () => Array.prototype });\nfunction ${entry}() { return any; }\n`,
    ],
    [
      'patched runtime',
      'JSON and the array test replaced',
      `JSON.stringify = () => '{"t":"bool","v":"true"}';\nArray.isArray = () => true;\nNumber.isSafeInteger = () => true;\nObject.prototype.t = 'bool';\nfunction ${entry}() { return {}; }\n`,
    ],
    [
      'reading the grader',
      'what stands in the files and on standard input',
      `const fs = require('fs');\nfunction ${entry}() {\n  const all = fs.readdirSync('/work').map((name) => fs.readFileSync('/work/' + name, 'utf8')).join('');\n  return all.split('"expected":')[1].slice(0, 20);\n}\n`,
    ],
    [
      'call counting',
      'answers by the number of the call',
      `${known}\nconst fs = require('fs');\nfunction ${entry}() {\n  fs.appendFileSync('/tmp/calls', 'x');\n  return KNOWN[(fs.statSync('/tmp/calls').size - 1) % KNOWN.length][1];\n}\n`,
    ],
    [
      'surviving process',
      'a child that goes on printing',
      `const { spawn } = require('child_process');\nfunction ${entry}() {\n  spawn(process.execPath, ['-e', 'setInterval(() => console.log("PASSED"), 10)'], { detached: true, stdio: 'inherit' }).unref();\n  return null;\n}\n`,
    ],
    ['grader kill', 'signals to everybody', `function ${entry}() {\n  process.kill(-1, 'SIGKILL');\n}\n`],
    [
      'output flood',
      'more output than is kept',
      `const fs = require('fs');\nfunction ${entry}() {\n  for (;;) fs.writeSync(1, 'x'.repeat(1e6));\n}\n`,
    ],
    ['null answer', 'a function that does nothing', `function ${entry}() {}\n`],
    ['null answer', 'an empty object', '{}\n'],
  ];
  return sources.map(([kind, name, source]) => variant('javascript', kind, name, source));
}

export function pythonHonest({ entry, python }: FunctionProblem): Variant[] {
  const sources: [string, string, string][] = [
    ['wrapped', 'another name behind the entry point', `${renamed(python, entry)}\n${entry} = _inner\n`],
    [
      'prints',
      'prints while it works',
      `${renamed(python, entry)}\ndef ${entry}(*args):\n    print('PASSED', args)\n    return _inner(*args)\n`,
    ],
    ['lines', 'other ends of lines', python.replaceAll('\n', '\r\n')],
    [
      'object',
      'a callable object',
      `${renamed(python, entry)}\nclass Callable:\n    def __call__(self, *args):\n        return _inner(*args)\n${entry} = Callable()\n`,
    ],
    [
      'module',
      'a dataclass with annotations as texts',
      `from __future__ import annotations\nfrom dataclasses import dataclass\nimport pickle\n@dataclass\nclass Box:\n    values: list[int]\npickle.loads(pickle.dumps(Box([1])))\n${python}`,
    ],
    [
      'process',
      'a main guard and a doctest',
      `"""Tests follow."""\n${python}\nif __name__ == '__main__':\n    raise SystemExit(1)\n`,
    ],
  ];
  return sources.map(([kind, name, source]) => variant('python', kind, name, source));
}

export function javascriptHonest({ entry, javascript }: FunctionProblem): Variant[] {
  const sources: [string, string, string][] = [
    [
      'wrapped',
      'in module.exports',
      `const inner = (() => {\n${javascript}\nreturn ${entry};\n})();\nmodule.exports = { ${entry}: inner };\n`,
    ],
    ['module', 'exported by name', `import { readFileSync } from 'node:fs';\n${javascript}\nexport { ${entry} };\n`],
    ['module', 'exported as all there is', `${javascript}\nexport default ${entry};\n`],
    ['module', 'a first line for the shell', `#!/usr/bin/env node\n${javascript}`],
    ['prints', 'prints while it works', `${javascript}\nconsole.log('{"t":"none"}');\n`],
    [
      'asynchronous',
      'a promise of the answer',
      `const inner = (() => {\n${javascript}\nreturn ${entry};\n})();\nasync function ${entry}(...args) {\n  await new Promise((done) => setTimeout(done, 5));\n  return inner(...args);\n}\n`,
    ],
    ['process', 'leaves a timer open', `${javascript}\nsetInterval(() => {}, 1e6);\n`],
  ];
  return sources.map(([kind, name, source]) => variant('javascript', kind, name, source));
}

const renamed = (python: string, entry: string): string =>
  python.replaceAll(new RegExp(`\\b${entry}\\b`, 'g'), '_inner');

const FILES = { python: 'solution.py', javascript: 'solution.js' } as const;
export const fileOf = (language: keyof typeof FILES): string => FILES[language];

export const variant = (language: keyof typeof FILES, kind: string, name: string, source: string): Variant => ({
  name,
  language,
  class: kind,
  artifact: { [FILES[language]]: source },
});
