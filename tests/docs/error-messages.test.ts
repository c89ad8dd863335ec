// What the pages quote is what the code prints: problems of a campaign file by making them, messages by their wording.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatProblems } from '../../cli/spec/format.ts';
import { readCampaign } from '../../cli/spec/read.ts';
import { AnnealError, ERRORS, type ErrorCode } from '../../contracts/errors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = readFileSync(join(ROOT, 'examples/quickstart/campaign.yaml'), 'utf8');
const quoted = (code: string): string =>
  /```text\n([\s\S]*?)\n```/.exec(readFileSync(join(ROOT, 'docs/errors', `${code}.md`), 'utf8'))![1]!;

/** Which line of the example is replaced by what to get the problem: it may be tuned without any page becoming wrong. */
const MISTAKES: Partial<Record<ErrorCode, [RegExp, string]>> = {
  'spec.duplicate_key': [/^ {2}maxTokens: .*$/m, '  maxTokens: 48\n  maxTokens: 48'],
  'spec.impossible_split': [/^ {2}splits: .*$/m, '  splits: { visible: 0.9, gate: 0.2, sealed: 0.1 }'],
  'spec.missing_field': [/^ {2}learningRate: .*\n/m, ''],
  'spec.missing_file': [/^ {2}startingPassRates: .*$/m, '  startingPassRates: not-there.json'],
  'spec.out_of_range': [/^ {2}lora: .*$/m, '  lora: { rank: 100 }'],
  'spec.syntax': [/^ {2}modules: .*$/m, '\tmodules: [math, str]'],
  'spec.unknown_field': [/^ {2}groupsPerRound: .*$/m, '  grupsPerRound: 2'],
  'spec.wrong_type': [/^seed: .*$/m, 'seed: "7"'],
  'spec.wrong_unit': [/(?<=^rollouts:\n(?: {2}.*\n)*? {2})timeout: .*$/m, 'timeout: 30'],
};
const withoutNumbers = (text: string): string =>
  text.replace(/(campaign\.yaml:|lines? )\d+( and \d+)?/g, '$1N').replace(/^ +\d+ │/gm, 'N │');

describe('a problem of a campaign file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anneal-pages-'));
    // The example names it.
    cpSync(join(ROOT, 'examples/quickstart/starting-pass-rates.json'), join(folder, 'starting-pass-rates.json'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.entries(MISTAKES))('%s is shown as it is printed', async (code, [from, to]) => {
    const text = EXAMPLE.replace(from, to);
    expect(text).not.toBe(EXAMPLE);
    const path = join(folder, 'campaign.yaml');
    writeFileSync(path, text);
    const failure = await readCampaign(path).catch((error: unknown) => error);
    if (!(failure instanceof AnnealError)) throw new Error('the file was accepted', { cause: failure });
    // The page may leave out the end of it: a hint that names a folder, the line that names the page.
    const printed = withoutNumbers(formatProblems(failure.problems, 'campaign.yaml', text));
    const shown = withoutNumbers(quoted(code));
    expect(printed.slice(0, shown.length)).toBe(shown);
    expect(quoted(code)).toContain('\n  expected  ');
  });
});

/** Words of the operating system, of an S3 server, of DuckDB, of zod or of JavaScript, which no source of ours holds; and one that is too short. */
const NOT_OURS: readonly string[] = [
  ...[
    'gateway.bad_request',
    'internal.bug',
    'spec.invalid',
    'simulation.invalid',
    'stack.gateway_unavailable',
    'stack.policy_unavailable',
  ],
  ...['store.no_space', 'store.unavailable', 'store.no_bucket', 'store.denied', 'store.changed_file'],
  // DuckDB's.
  ...['pool.query', 'pool.engine'],
  // An API server's.
  ...['cluster.unauthenticated', 'cluster.denied', 'cluster.quota', 'cluster.missing_crd', 'cluster.not_found'],
  ...['cluster.rejected', 'cluster.unavailable', 'testbed.request_failed'],
];

/** The texts in our sources that could be a message, as patterns: what is filled in may be anything. */
function wordings(): RegExp[] {
  const folders = [
    'activities',
    'agents',
    'cli',
    'console',
    'evals',
    'gateway',
    'infra',
    'k8s',
    'policies',
    'trainer',
    'worker',
    'workflows',
  ];
  const files = folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((file) => /\.(ts|py)$/.test(file) && !/\.test\.ts$|\/tests\//.test(file));
  return [...files, 'anneal'].flatMap((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    // Innermost first, so that a template inside a template is a gap in it.
    const filled = file.endsWith('.py')
      ? source.replace(/\{[^{}\n]*\}/g, '\0')
      : file === 'anneal'
        ? source.replace(/\$\{[^}]*\}|\$\w+/g, '\0')
        : source.replace(/\$\{[^{}`]*\}/g, '\0').replace(/\$\{[^{}`]*(`[^`]*`[^{}`]*)*\}/g, '\0');
    const texts = [...filled.matchAll(/`([^`]*)`|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g)].map(
      (match) => match[1] ?? match[2] ?? match[3] ?? '',
    );
    // The first line is what is compared.
    return texts
      .map((text) => text.split('\\n')[0] ?? '')
      .filter((text) => text.replace(/[\0\s]/g, '').length >= 8)
      .map(pattern);
  });
}

function pattern(text: string): RegExp {
  const parts = text.split('\0').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

describe('a message', () => {
  let known: RegExp[];
  beforeAll(() => {
    known = wordings();
  });
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !(code in MISTAKES) && !NOT_OURS.includes(code));

  test.each(codes)('of %s has the words of the code', (code) => {
    const [shown = ''] = quoted(code).split('\n');
    const before = shown.startsWith('✗') ? `✗ ${ERRORS[code].title}: ` : `error ${code}: `;
    expect(shown.slice(0, before.length)).toBe(before);
    const message = shown.slice(before.length);
    // A name may stand before somebody else's words; the launcher's own text holds the code too.
    const said = [shown, message, message.slice(message.indexOf(': ') + 2)];
    expect(
      known.some((wording) => said.some((text) => wording.test(text))),
      message,
    ).toBe(true);
  });
});
