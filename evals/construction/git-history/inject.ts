// Planted bugs: one small change of one line of a source, of the kind that people make. Whether anything notices is for the tests to say.
import type { Random } from '../../../policies/random.ts';
import { kindOf } from '../../repository-tests/classify.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';

export interface Bug {
  readonly path: string;
  /** The whole file with the bug. */
  readonly text: string;
  /** From the file with the bug to the one without. */
  readonly repair: string;
}

interface Site {
  readonly path: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What stands there, and what somebody might write in its place. */
const SLIPS: readonly (readonly [RegExp, (found: string) => string])[] = [
  [
    /(?<![=!<>])(===|!==|==|!=)(?!=)/g,
    (found) => (found.startsWith('!') ? found.replace('!', '=') : found.replace('=', '!')),
  ],
  [/(?<=\s)(<=|>=|<|>)(?=\s)/g, (found) => (found.length === 2 ? found[0]! : `${found}=`)],
  [/&&|\|\|/g, (found) => (found === '&&' ? '||' : '&&')],
  [/(?<=\s)(and|or)(?=\s)/g, (found) => (found === 'and' ? 'or' : 'and')],
  [/\b(true|false|True|False)\b/g, (found) => ({ true: 'false', false: 'true', True: 'False', False: 'True' })[found]!],
  [/(?<![\w.'"])\d+(?![\w.'"])/g, (found) => String(Number(found) + 1)],
  [/(?<=[\s(])(!(?=[\w(])|not (?=\w))/g, () => ''],
];
/** A loop that is changed hardly ever ends otherwise than too late. */
const LOOP = /\b(for|while)\b/;
const NO_CODE = /^\s*(\/\/|#|\*|\/\*|import\b|from\b|'use strict'|"""|export \*)/;

/** In an order that the seed decides; no two alike. */
export function proposeBugs(tree: Artifact, random: Random): Bug[] {
  const sites = [...tree].flatMap(([path, bytes]) =>
    kindOf(path) === 'source' ? sitesOf(path, textOf(bytes) ?? '') : [],
  );
  return random.shuffle(sites).map((site) => bugAt(site, textOf(tree.get(site.path)!)!));
}

function sitesOf(path: string, text: string): Site[] {
  return text.split('\n').flatMap((line, number) => {
    if (NO_CODE.test(line) || LOOP.test(line)) return [];
    return SLIPS.flatMap(([pattern, slip]) =>
      [...line.matchAll(pattern)].map(({ 0: found, index }) => ({
        ...{ path, line: number, from: index, to: index + found.length },
        text: slip(found),
      })),
    );
  });
}

function bugAt({ path, line, from, to, text }: Site, whole: string): Bug {
  const lines = whole.split('\n');
  const right = lines[line]!;
  const wrong = right.slice(0, from) + text + right.slice(to);
  return { path, text: lines.with(line, wrong).join('\n'), repair: lineDiff(path, lines, line, wrong) };
}

const CONTEXT = 3;

/** A unified diff that puts the right line in place of the wrong one. */
function lineDiff(path: string, right: readonly string[], line: number, wrong: string): string {
  const open = right.at(-1) !== '';
  const end = open ? right.length : right.length - 1;
  const [first, last] = [Math.max(0, line - CONTEXT), Math.min(end, line + CONTEXT + 1)];
  const count = last - first;
  const noNewline = '\\ No newline at end of file';
  const shown = (sign: string, text: string, index: number): string[] =>
    open && index === end - 1 ? [`${sign}${text}`, noNewline] : [`${sign}${text}`];
  return [
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${first + 1},${count} +${first + 1},${count} @@`,
    ...right.slice(first, line).flatMap((text, index) => shown(' ', text, first + index)),
    ...shown('-', wrong, line),
    ...shown('+', right[line]!, line),
    ...right.slice(line + 1, last).flatMap((text, index) => shown(' ', text, line + 1 + index)),
    '',
  ].join('\n');
}
