// language-mix@1: prose in the script of the task. Which language it is cannot be told from letters alone; that a policy falls from one
// script into another can, and that is what mixing looks like in practice.
import type { ComponentScore } from '../../../contracts/judgement.ts';
import { falling, ofPolicy, prose, type Transcript } from './transcript.ts';

const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Thai',
  'Hangul',
  'Hiragana',
  'Katakana',
  'Han',
] as const;
type Script = (typeof SCRIPTS)[number];

/** Written together as a matter of course. */
const TOGETHER: readonly (readonly Script[])[] = [
  ['Han', 'Hiragana', 'Katakana'],
  ['Han', 'Hangul'],
];
/** Names and terms of other scripts are no mixing. */
const FREE = 0.02;
const FULL = 0.2;

/** Full while nearly all letters are of scripts that the task's own words use. Latin is always among them: code and names are. */
export function languageMix(transcript: Transcript, weight = 1): ComponentScore | undefined {
  const letters = countScripts(ofPolicy(transcript).map(({ content }) => prose(content)));
  const all = sum(letters.values());
  if (all === 0) return undefined;
  const asked = countScripts(
    transcript.turns.filter(({ role }) => role === 'user' || role === 'system').map(({ content }) => content),
  );
  const total = sum(asked.values());
  const used = SCRIPTS.filter((script) => (asked.get(script) ?? 0) > FREE * total);
  const allowed = new Set<Script>([
    'Latin',
    ...used,
    ...TOGETHER.filter((some) => some.some((one) => used.includes(one))).flat(),
  ]);
  const foreign = sum([...letters].filter(([script]) => !allowed.has(script)).map(([, count]) => count)) / all;
  const why = `${(100 * foreign).toFixed(1)}% of the letters are of a script that the task does not use`;
  return { name: 'language-mix@1', kind: 'process', score: falling(foreign, FREE, FULL), weight, why };
}

const PATTERNS: readonly (readonly [Script, RegExp])[] = SCRIPTS.map((script) => [
  script,
  new RegExp(`\\p{Script=${script}}`, 'gu'),
]);

function countScripts(texts: readonly string[]): Map<Script, number> {
  const text = texts.join('\n');
  return new Map(PATTERNS.map(([script, pattern]) => [script, text.match(pattern)?.length ?? 0]));
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
