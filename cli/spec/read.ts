// Reads and checks a campaign file. Everything that is wrong is found in one pass and reported together.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { type CampaignDocument, dotted, readDocument } from './document.ts';
import { problemsFromZod, valueAt } from './from-zod.ts';
import type { Path } from './guide.ts';
import { type JudgedBy, readJudge } from './judge.ts';
import { atPreset, type ExpandedPreset, expandPreset } from './preset.ts';
import { profileProblems, readProfile } from './profile.ts';
import { crossFieldProblems } from './rules.ts';
import { unmeasuredDifficulty } from './rules-tasks.ts';
import { type ReadSource, readCampaignSource } from './source.ts';

/** A campaign is a page of text; more than this is some other file. */
const MAX_BYTES = 1 << 20;
const FILE_FIELDS: readonly Path[] = [['tasks', 'startingPassRates']];

/** A file that the specification names, found next to it. */
export interface NamedFile {
  /** For example `tasks.startingPassRates`. */
  readonly field: string;
  /** Absolute. */
  readonly path: string;
}

export interface ReadCampaign {
  /** With every default filled in. */
  readonly spec: CampaignSpec;
  /** Canonical JSON of `spec`; its SHA-256 is `hash`, which identifies the campaign. */
  readonly specJson: string;
  readonly hash: Sha256;
  readonly files: readonly NamedFile[];
  /** What its source reads and what it only keeps, as the campaign names it; undefined where it builds no set of artifacts. */
  readonly source:
    | { readonly folder: string; readonly paths: readonly string[]; readonly kept: readonly string[] }
    | undefined;
  /** What its judge is calibrated with; undefined where it names none. */
  readonly judged: JudgedBy | undefined;
  /** What a preset has set; undefined where the file names none. */
  readonly preset: ExpandedPreset | undefined;
  /** Of a campaign for Kubernetes. */
  readonly profile: ProfileSpec | undefined;
}

/**
 * Reads a campaign from a YAML file; paths in it are relative to its folder.
 * @throws AnnealError `spec.missing_file` when the file itself cannot be read; `spec.invalid` with `problems`, sorted by
 *   line, when anything in it is wrong.
 * @param measures it is read to measure its tasks: that nobody did so yet is no problem
 * @param profile a profile's name or file to judge it with on Kubernetes, in place of what it says itself
 */
export async function readCampaign(
  path: string,
  { profile, measures = false }: { readonly profile?: string | undefined; readonly measures?: boolean } = {},
): Promise<ReadCampaign> {
  const text = await readText(path);
  const document = readDocument(text);
  if (document.value === undefined) throw invalid(path, document.problems);
  const { root, preset } = expandPreset(document.value);
  const other = anotherKind(root, document, path);
  if (other !== undefined) throw invalid(path, [other]);
  const parsed = campaignSpec.safeParse(root);
  const { files, problems: missing } = await namedFiles(root, document, dirname(resolve(path)));
  const source = readCampaignSource(document, ['tasks', 'build', 'from']);
  const reads = await sourcePaths(source, document, dirname(resolve(path)));
  const named = parsed.success
    ? await readProfile(withProfile(parsed.data, profile), document, path)
    : { profile: undefined, problems: await profileProblems(root, document, path) };
  const judge = await readJudge(parsed.success ? parsed.data : undefined, document, dirname(resolve(path)));
  const isMap = typeof root === 'object' && root !== null && !Array.isArray(root);
  const problems = [
    ...document.problems,
    ...(parsed.success ? [] : isMap ? problemsFromZod(parsed.error.issues, root, document) : [notACampaign()]),
    ...(isMap ? crossFieldProblems(root, document) : []),
    ...(parsed.success && !measures ? unmeasuredDifficulty(parsed.data, document) : []),
    ...missing,
    ...source.problems,
    ...reads.problems,
    ...named.problems,
    ...judge.problems,
  ].map((one) => (preset === undefined ? one : atPreset(one, preset, document)));
  if (!parsed.success || problems.length > 0) throw invalid(path, problems);
  const specJson = canonicalJson(parsed.data);
  const hash = sha256.parse(createHash('sha256').update(specJson).digest('hex'));
  const carried = reads.paths && { folder: dirname(resolve(path)), paths: reads.paths, kept: reads.kept ?? [] };
  const { judged } = judge;
  return { spec: parsed.data, specJson, hash, files, source: carried, preset, profile: named.profile, judged };
}

async function sourcePaths(
  { kind, options }: ReadSource,
  document: CampaignDocument,
  folder: string,
): Promise<{ paths?: readonly string[]; kept?: readonly string[]; problems: Problem[] }> {
  if (kind === undefined || options === undefined) return { problems: [] };
  const paths = kind.reads(options);
  const kept = kind.keeps?.(options) ?? [];
  const problems = await Promise.all(
    [...paths, ...kept].map(async (path): Promise<Problem[]> => {
      const reason = await stat(resolve(folder, path)).then(() => undefined, reasonOf);
      if (reason === undefined) return [];
      return [
        {
          ...{ code: 'spec.missing_file', path: 'tasks.build.from' },
          line: document.locate(['tasks', 'build', 'from']).line,
          ...{ expected: 'files and folders that are there, relative to the campaign file', got: `${path}: ${reason}` },
          hint: `Looked for ${resolve(folder, path)}.`,
        },
      ];
    }),
  );
  return { paths, kept, problems: problems.flat() };
}

const withProfile = (spec: CampaignSpec, profile: string | undefined): CampaignSpec =>
  profile === undefined ? spec : { ...spec, compute: 'kubernetes', profile };

/** As a campaign, a profile has a dozen problems, none of which is the one. */
function anotherKind(root: unknown, document: CampaignDocument, path: string): Problem | undefined {
  if (valueAt(root, ['kind']) !== 'Profile') return undefined;
  return {
    code: 'spec.out_of_range',
    path: 'kind',
    line: document.locate(['kind']).line,
    expected: 'Campaign',
    got: 'Profile',
    hint: `It is a model profile: ./anneal plan ${path} checks it.`,
  };
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES)
      throw invalid(path, [
        syntaxProblem(`${size} bytes`, 'at most 1 MiB', 'A campaign is a short YAML file; check the path.'),
      ]);
    bytes = await readFile(path);
  } catch (failure) {
    if (failure instanceof AnnealError) throw failure;
    const reason = reasonOf(failure);
    throw new AnnealError('spec.missing_file', `The campaign file ${path} cannot be read: ${reason}.`, {
      cause: failure,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(path, [syntaxProblem('bytes that are not UTF-8', 'a text in UTF-8', 'Save the file as UTF-8.')]);
  }
}

async function namedFiles(
  root: unknown,
  document: CampaignDocument,
  folder: string,
): Promise<{ files: NamedFile[]; problems: Problem[] }> {
  const files: NamedFile[] = [];
  const problems: Problem[] = [];
  for (const path of FILE_FIELDS) {
    const value = valueAt(root, path);
    if (typeof value !== 'string') continue;
    const absolute = resolve(folder, value);
    const bad = (code: Problem['code'], expected: string, got: string, hint: string): void => {
      problems.push({ code, path: dotted(path), line: document.locate(path).line, expected, got, hint });
    };
    try {
      JSON.parse(await readFile(absolute, 'utf8'));
      files.push({ field: dotted(path), path: absolute });
    } catch (failure) {
      if (failure instanceof SyntaxError)
        bad('spec.wrong_type', 'a JSON file', failure.message, `Correct ${value}, or measure it anew.`);
      else
        bad(
          'spec.missing_file',
          'a file that can be read, relative to the campaign file',
          `${value}: ${reasonOf(failure)}`,
          `Looked for ${absolute}. Create it, correct the path, or remove the field.`,
        );
    }
  }
  return { files, problems };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'reading it is not permitted',
};

function reasonOf(failure: unknown): string {
  const code = failure instanceof Error && 'code' in failure ? String(failure.code) : '';
  return REASONS[code] ?? (failure instanceof Error ? failure.message : String(failure));
}

const syntaxProblem = (got: string, expected: string, hint: string): Problem => ({
  code: 'spec.syntax',
  path: '',
  line: 1,
  expected,
  got,
  hint,
});

const notACampaign = (): Problem =>
  syntaxProblem(
    'no fields',
    'a map with apiVersion, kind, name …',
    'Copy examples/quickstart/campaign.yaml and change it.',
  );

function invalid(path: string, problems: readonly Problem[]): AnnealError {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const count = sorted.length === 1 ? 'one problem' : `${sorted.length} problems`;
  return new AnnealError('spec.invalid', `${path} has ${count}.`, { problems: sorted });
}
