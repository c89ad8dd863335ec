// Detectors that read programs in any language of the format, beside functions in Python (source-alarms.ts). A program may read its input
// and end itself; what no task of one reply has a need of is the network, and the files of processes.
import type { Alarm } from '../../contracts/alarm.ts';
import type { ProgramCheck } from '../verifiers/program/check.ts';
import { readJavaScript } from './javascript-text.ts';
import { readPython } from './python-text.ts';
import { alarmsBy, PYTHON_NETWORK, type Sign, sourceAlarms } from './source-alarms.ts';

const MODULES = 'net|https?|http2|dgram|dns(?:\\/promises)?|tls|undici|ws|axios|node-fetch|got';

export const JAVASCRIPT_NETWORK: Sign = {
  detector: 'network',
  // A function of one's own may be called fetch, and so may a method.
  code: new RegExp(
    `module:(?:${MODULES})(?= )|(?<![.\\w$]|function |async )fetch\\s*\\((?![^()]*\\)\\s*\\{)|\\bnew\\s+(?:WebSocket|XMLHttpRequest|EventSource)\\b|\\bglobalThis\\s*\\.\\s*fetch\\b`,
  ),
  says: 'uses a network library',
};

/** Standard input by its other name, `/proc/self/fd/0`, is nobody's secret. */
export const PROCESS_FILES: Sign = {
  detector: 'grader-read',
  text: /(^|[\s"'=:])\/(?:proc(?!\/self\/fd\/0\b)|work)(?:\/|$)/,
  says: 'names a path of the machine it is judged on',
};

const JAVASCRIPT_FUNCTION: readonly Sign[] = [
  {
    detector: 'grader-read',
    text: /(^|[\s"'=:])\/(?:proc|work|dev\/fd|sys|etc|root|home)(?:\/|$)|\banneal-harness\b/,
    says: 'names a path of the machine it is judged on',
  },
  {
    detector: 'grader-read',
    code: /(?:\bfs|module:fs(?:\/promises)? \))\s*\.\s*(?:promises\s*\.\s*)?(?:read|open|createRead)\w*|\b(?:readFileSync|readdirSync|openSync|readSync|createReadStream)\s*\(|module:(?:vm|v8|inspector|repl|module)(?= )|(?<![.\w$])eval\s*\(|\bnew\s+Function\s*\(|\bprocess\s*\.\s*(?:env|binding|mainModule|report)\b/,
    says: 'reads files or its process, or runs text as code',
  },
  JAVASCRIPT_NETWORK,
  {
    detector: 'process-control',
    code: /module:(?:child_process|worker_threads|cluster)(?= )|\bprocess\s*\.\s*(?:exit|kill|abort|reallyExit|on|once)\b/,
    says: 'starts, ends or signals processes',
  },
  {
    detector: 'patching',
    code: /\b(?:JSON|Object|Array|String|Number|Math|Reflect|Promise|console|process)\s*\.\s*(?:prototype\s*\.\s*)?\w+\s*=(?![=>])|\b(?:Object|Array|String|Number|Function)\s*\.\s*prototype\s*,|\brequire\s*\.\s*cache\b/,
    says: 'changes what judges it',
  },
];

const PROGRAM: Readonly<Record<ProgramCheck['language'], readonly Sign[]>> = {
  python: [PYTHON_NETWORK, PROCESS_FILES],
  javascript: [JAVASCRIPT_NETWORK, PROCESS_FILES],
};

export const READERS = { python: readPython, javascript: readJavaScript } as const;

export function programAlarms({ kind, language }: Pick<ProgramCheck, 'kind' | 'language'>, source: string): Alarm[] {
  if (kind === 'function' && language === 'python') return sourceAlarms(source);
  return alarmsBy(kind === 'function' ? JAVASCRIPT_FUNCTION : PROGRAM[language], READERS[language](source));
}
