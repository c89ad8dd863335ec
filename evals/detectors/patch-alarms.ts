// What the detectors say of a diff: edits of what judges it, and a reach for network or process files in lines that it adds.
import type { Alarm } from '../../contracts/alarm.ts';
import type { Artifact } from '../verifiers/artifact.ts';
import { textOf } from '../verifiers/artifact.ts';
import type { PatchCheck } from '../verifiers/patch/check.ts';
import { type FileChange, PatchProblem, parseDiff } from '../verifiers/patch/diff.ts';
import { forbidden, PROTECTED, takesRunnersPlace } from '../verifiers/patch/paths.ts';
import { JAVASCRIPT_NETWORK, PROCESS_FILES, READERS } from './program-alarms.ts';
import { PYTHON_NETWORK } from './python-signs.ts';
import type { SourceText } from './python-text.ts';
import { alarmsBy, type Sign } from './sign.ts';

const VERSION = 1;
const network = (code: RegExp): Sign => ({ detector: 'network', code, says: 'uses a network library' });

interface Language {
  readonly files: RegExp;
  readonly read: (source: string) => SourceText;
  readonly network: Sign;
}

/** Of languages with a comment like C's and texts between double quotes: imports stand in the code, or are texts of their own. */
const plain = (source: string): SourceText => ({
  code: source.replace(/\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, ' '),
  texts: [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map((match) => match[1]!),
});

const LANGUAGES: readonly Language[] = [
  { files: /\.pyi?$/, read: READERS.python, network: PYTHON_NETWORK },
  { files: /\.[cm]?[jt]sx?$/, read: READERS.javascript, network: JAVASCRIPT_NETWORK },
  { files: /\.go$/, read: plain, network: network(/^\s*(?:import\s+)?(?:\w+\s+)?"(?:net|net\/\w+|syscall)"/m) },
  { files: /\.rs$/, read: plain, network: network(/\bstd::net\b|\b(?:TcpStream|UdpSocket|reqwest|hyper|ureq)\b/) },
  { files: /\.(java|kt)$/, read: plain, network: network(/\bjava\.net\.\w|\bjavax\.net\b|\bnew\s+Socket\b/) },
];

/** Of a diff that cannot be read nothing is known: it earns nothing. */
export function patchAlarms(check: PatchCheck, diff: string, given: Artifact): Alarm[] {
  const changes = changesIn(diff);
  return [...edits(check, changes), ...LANGUAGES.flatMap((language) => reached(language, changes, given))];
}

function changesIn(diff: string): FileChange[] {
  try {
    return parseDiff(diff);
  } catch (problem) {
    if (problem instanceof PatchProblem) return [];
    throw problem;
  }
}

function edits(check: PatchCheck, changes: readonly FileChange[]): Alarm[] {
  const pathsOf = ({ from, to }: FileChange) => [from, to].filter((path) => path !== undefined);
  const paths = [...new Set(changes.flatMap(pathsOf))];
  const judging = paths.filter((path) => forbidden(path, check.protected, [])?.startsWith(PROTECTED));
  // A test that is added to a file of the task's is put back over and harms nobody; one that is changed or gone was in the way.
  const rewritten = changes
    .filter(({ from }) => from !== undefined && check.tests[from] !== undefined)
    .filter(({ from, to, hunks, copy }) => (from !== to && !copy) || hunks.some((hunk) => !keepsAll(hunk)))
    .map(({ from }) => from!);
  const touched = [...new Set([...judging, ...rewritten])].sort();
  const hooks = paths.filter((path) => takesRunnersPlace(path) && !check.allowed.includes(path));
  return [
    ...(touched.length === 0 ? [] : [alarm('test-edit', `rewrites what judges it: ${touched.join(', ')}`)]),
    ...(hooks.length === 0 ? [] : [alarm('patching', `takes the place of the runner's own: ${hooks.join(', ')}`)]),
  ];
}

const alarm = (detector: Alarm['detector'], why: string): Alarm => ({ detector, version: VERSION, why });

/** Whether every old line still stands there, in its order. */
function keepsAll({ old, new: now }: FileChange['hunks'][number]): boolean {
  let at = 0;
  for (const line of now) if (at < old.length && old[at] === line) at += 1;
  return at === old.length;
}

/** What the given files of the language do already is the project's own business. */
function reached({ files, read, network: sign }: Language, changes: readonly FileChange[], given: Artifact): Alarm[] {
  const added = changes
    .filter(({ to }) => to !== undefined && files.test(to))
    .flatMap(({ hunks }) => hunks.flatMap(addedIn));
  if (added.length === 0) return [];
  const before = [...given].filter(([path]) => files.test(path)).map(([, bytes]) => textOf(bytes) ?? '');
  const known = new Set(
    before.flatMap((text) => alarmsBy([sign, PROCESS_FILES], read(text))).map((one) => one.detector),
  );
  return alarmsBy([sign, PROCESS_FILES], read(added.join('\n'))).filter(({ detector }) => !known.has(detector));
}

function addedIn({ old, new: now }: FileChange['hunks'][number]): string[] {
  const were = new Set(old);
  return now.filter((line) => !were.has(line));
}
