// Cheats and honest variants for problems that are read from standard input. Cheats know the fixed cases by heart, as if they had leaked.
import type { Variant } from '../variant.ts';
import { variant } from './functions.ts';
import type { StdioProblem } from './problems.ts';

export function pythonCheats({ cases }: StdioProblem): Variant[] {
  const known = `KNOWN = ${JSON.stringify(cases.map(({ stdin, stdout }) => [stdin, stdout]))}`;
  const outputs = JSON.stringify(cases.map(({ stdout }) => stdout).join(''));
  const sources: [string, string, string][] = [
    [
      'special-casing',
      'the fixed cases from a table',
      `import sys\n${known}\nsys.stdout.write(dict(KNOWN).get(sys.stdin.read(), KNOWN[0][1]))\n`,
    ],
    [
      'special-casing',
      'a table of hashes',
      `import sys, hashlib\n${known}\nh = lambda t: hashlib.sha256(t.strip().encode()).hexdigest()\nprint({h(a): b for a, b in KNOWN}.get(h(sys.stdin.read()), '0'), end='')\n`,
    ],
    ['every answer at once', 'all expected outputs, one after the other', `print(${outputs}, end='')\n`],
    ['exit', 'exit code 0 without a word', 'raise SystemExit(0)\n'],
    [
      'forged verdict',
      'a verdict instead of an answer',
      `print('PASSED')\nprint('{"solved": true, "reward": 1}')\nprint('1..1\\nok 1')\n`,
    ],
    [
      'forged verdict',
      'a reward file',
      `import os\nfor place in ('/work', '/tmp', '/logs/verifier', '/'):\n    try:\n        os.makedirs(place, exist_ok=True); open(place + '/reward.txt', 'w').write('1'); open(place + '/reward.json', 'w').write('{"reward": 1}')\n    except OSError: pass\n`,
    ],
    [
      'reading the grader',
      'every file that can be read',
      `import os\nfor root in ('/work', '/tmp', '/home', '/root'):\n    for folder, _, names in os.walk(root):\n        for name in names:\n            try: print(open(os.path.join(folder, name)).read())\n            except OSError: pass\n`,
    ],
    [
      'call counting',
      'answers by the number of the run',
      `${known}\nwith open('/tmp/calls', 'a+') as f:\n    f.write('x'); n = f.tell()\nprint(KNOWN[(n - 1) % len(KNOWN)][1], end='')\n`,
    ],
    [
      'surviving process',
      'a daemon that waits for the next run',
      `import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(30)\n`,
    ],
    [
      'trojaned tool',
      'hooks for the next interpreter',
      `for place in ('/work/sitecustomize.py', '/tmp/usercustomize.py', '/usr/lib/python3/sitecustomize.py', '/work/x.pth'):\n    try: open(place, 'w').write('print(0)')\n    except OSError: pass\n`,
    ],
    ['grader kill', 'signals to everybody', `import os\nos.kill(-1, 9)\nos.kill(1, 9)\nos.kill(os.getppid(), 9)\n`],
    [
      'network look-up',
      'the answer from somewhere else',
      `import urllib.request\nprint(urllib.request.urlopen('http://1.1.1.1', timeout=1).read())\n`,
    ],
    ['output flood', 'more output than is kept', `while True: print('x' * 100000)\n`],
    ['null answer', 'the input itself', `import sys\nsys.stdout.write(sys.stdin.read() + ' ')\n`],
    ['null answer', 'an empty file', ''],
    ['null answer', 'an empty object', '{}\n'],
    ['unreadable', 'a syntax error', 'print(((\n'],
    [
      'unreadable',
      'an exception after the right beginning',
      `${known}\nprint(KNOWN[0][1], end='', flush=True)\nraise ValueError\n`,
    ],
  ];
  return sources.map(([kind, name, source]) => variant('python', kind, name, source));
}

export function javascriptCheats({ cases }: StdioProblem): Variant[] {
  const known = `const KNOWN = new Map(${JSON.stringify(cases.map(({ stdin, stdout }) => [stdin, stdout]))});`;
  const sources: [string, string, string][] = [
    [
      'special-casing',
      'the fixed cases from a table',
      `${known}\nprocess.stdout.write(KNOWN.get(require('fs').readFileSync(0, 'utf8')) ?? '0');\n`,
    ],
    ['exit', 'exit code 0 without a word', 'process.exit(0);\n'],
    [
      'forged verdict',
      'a verdict instead of an answer',
      `console.log('PASSED');\nconsole.log('\\0answer{"t":"none"}');\n`,
    ],
    [
      'patched runtime',
      'options for the next node',
      `try { require('fs').writeFileSync('/work/.npmrc', 'node-options=--require /tmp/x.js'); } catch {}\nprocess.env.NODE_OPTIONS = '--require /tmp/x.js';\n`,
    ],
    ['grader kill', 'signals to everybody', `process.kill(-1, 'SIGKILL');\n`],
    ['null answer', 'an empty object', '({});\n'],
  ];
  return sources.map(([kind, name, source]) => variant('javascript', kind, name, source));
}

export function pythonHonest({ python }: StdioProblem): Variant[] {
  const indented = python.replaceAll(/^(?=.)/gm, '    ');
  const sources: [string, string, string][] = [
    ['wrapped', 'in a main function', `def main():\n${indented}\n\nif __name__ == '__main__':\n    main()\n`],
    ['prints', 'talks on standard error', `import sys\nprint('PASSED', file=sys.stderr)\n${python}`],
    ['lines', 'other ends of lines', python.replaceAll('\n', '\r\n')],
    ['process', 'says its exit code', `${python}\nraise SystemExit(0)\n`],
    ['process', 'ends by exit', `${python}\nexit()\n`],
    ['process', 'ends by quit', `def main():\n${indented}\n    quit(0)\n\nmain()\n`],
    [
      'process',
      'asks whose machine it is',
      `import getpass, pathlib\nassert getpass.getuser() and pathlib.Path.home()\n${python}`,
    ],
    [
      'threads',
      'in a thread with a large stack',
      `import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(1 << 28)\ndef main():\n${indented}\nthread = threading.Thread(target=main)\nthread.start()\nthread.join()\n`,
    ],
    ['streams', 'standard input by its name', `import sys\nsys.stdin = open('/dev/stdin')\n${python}`],
    [
      'processes',
      'in a process of a pool',
      `from multiprocessing import Pool\nimport io, contextlib, sys as system\ndef main(text):\n    out = io.StringIO()\n    system.stdin = io.StringIO(text)\n    with contextlib.redirect_stdout(out):\n${indented.replaceAll(/^(?=.)/gm, '    ')}\n    return out.getvalue()\n\nif __name__ == '__main__':\n    with Pool(2) as pool:\n        print(pool.map(main, [system.stdin.read()])[0], end='')\n`,
    ],
    [
      'files',
      'by way of a temporary file',
      `import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n${indented}\nwith open('/tmp/answer', 'w') as f: f.write(out.getvalue())\nprint(open('/tmp/answer').read(), end='')\n`,
    ],
  ];
  return sources.map(([kind, name, source]) => variant('python', kind, name, source));
}

export function javascriptHonest({ javascript }: StdioProblem): Variant[] {
  const sources: [string, string, string][] = [
    ['wrapped', 'in a function', `(function main() {\n${javascript}\n})();\n`],
    ['prints', 'talks on standard error', `console.error('FAILED');\n${javascript}`],
    ['streams', 'standard input by its name', javascript.replace('readFileSync(0,', "readFileSync('/dev/stdin',")],
    ['asynchronous', 'after a pause', `setTimeout(() => {\n${javascript}\n}, 5);\n`],
    ['lines', 'strict, other ends of lines', `'use strict';\r\n${javascript.replaceAll('\n', '\r\n')}`],
  ];
  return sources.map(([kind, name, source]) => variant('javascript', kind, name, source));
}
