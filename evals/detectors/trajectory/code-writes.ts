// Which files a source writes, as far as its texts tell: what is named in the write, or all that it names, where a name of its own is.
import { READERS } from '../program-alarms.ts';
import type { Deed } from './deed.ts';
import { literals, textsOf } from './pieces.ts';
import { isRunnerFile, isTestFile, patternOf, placed } from './places.ts';
import type { Session } from './seen.ts';

const WRITES =
  /\b(?:write_text|write_bytes|unlink|remove|rmtree|rename|move|copy(?:file|2|tree)?|writeFileSync|writeFile|appendFileSync|unlinkSync|rmSync|renameSync|truncate)\s*\(/g;
/** A file that is opened, and how. */
const OPENED = /\bopen\s*\(\s*(""|[^(),]{1,80}|[^(),]{0,80}\([^()]{0,80}\)[^(),]{0,80})\s*,\s*(?:mode\s*=\s*)?(?="")/g;
const WRITE_MODE = /^(?:w|a|x|r\+|w\+|wb|wt|ab|at)$/;
/** Of a path's own methods what stands before them, of functions their first argument. */
const WITH_LITERAL = /\(\s*""\s*\)\s*\.\s*$/;

/** Tests by name in a source that writes or removes files: what is named in the write, or all, where a name of the source's own is. */
export function writtenBy(
  { language, source, inline }: Extract<Deed, { kind: 'code' }>,
  { grounds }: Session,
): string[] {
  if (language === 'other') return [];
  const read = READERS[language](source);
  const own = literals(read);
  const named: string[] = [];
  let isOpen = false;
  for (const { 0: call, 1: first = '', index } of read.code.matchAll(OPENED)) {
    if (!WRITE_MODE.test(own.get(index + call.length) ?? '')) continue;
    const at = index + call.indexOf('""');
    if (first === '""') named.push(own.get(at) ?? '');
    else isOpen = true;
  }
  for (const { 0: call, index } of read.code.matchAll(WRITES)) {
    const before = read.code.slice(Math.max(0, index - 12), index);
    const after = /^\s*""\s*[,)]/.exec(read.code.slice(index + call.length, index + call.length + 12));
    const isMethod = /^(?:write_text|write_bytes|unlink|rename)/.test(call) && /\.\s*$/.test(before);
    if (isMethod && WITH_LITERAL.test(before))
      named.push(own.get(index - before.length + before.lastIndexOf('""')) ?? '');
    else if (!isMethod && after !== null)
      named.push(...[...literalsAfter(read.code, index + call.length)].map((at) => own.get(at) ?? ''));
    else isOpen = true;
  }
  const paths = [...named, ...(isOpen ? textsOf(read) : [])]
    .filter((text) => text.length < 300)
    .map((text) => placed(text, ''));
  const isKnown = (path: string): boolean => grounds.tests.has(path) || (grounds.given.has(path) && isTestFile(path));
  const known = [...grounds.tests, ...grounds.given].filter((one) => isTestFile(one));
  return paths.filter((path) => {
    if (isKnown(path)) return true;
    if (path !== '' && known.some((one) => one.startsWith(`${path}/`)))
      return /\b(?:rmtree|rename|move|rmSync|renameSync)\b/.test(read.code);
    if (/[*?]/.test(path)) return known.some((one) => patternOf(path)?.test(one));
    return inline && (isTestFile(path) || isRunnerFile(path));
  });
}

/** The first argument, and of what copies or renames the second. */
function literalsAfter(code: string, from: number): number[] {
  const match = /^\s*""(?:\s*,\s*"")?/.exec(code.slice(from, from + 40))?.[0] ?? '';
  return [...match.matchAll(/""/g)].map(({ index }) => from + index);
}
