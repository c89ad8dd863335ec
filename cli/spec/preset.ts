// `preset: NAME` in a campaign's file stands for settings that belong together. It is expanded when the file is read, before anything is checked:
// what is checked, hashed and submitted has the settings themselves, so that a later version of a preset changes no campaign. What the
// file says goes before; `null` takes a setting away.
import type { Problem } from '../../contracts/errors.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { valueAt } from './from-zod.ts';
import type { Path } from './guide.ts';

/** What a preset sets at a path, and who says so. */
interface Given {
  readonly path: Path;
  readonly value: unknown;
  readonly source: string;
}

export interface PresetSetting {
  /** For example `training.algorithm`. */
  readonly path: string;
  /** What the preset says. */
  readonly preset: unknown;
  /** What holds; undefined where the file took it away. */
  readonly value: unknown;
  readonly source: string;
}

export interface ExpandedPreset {
  readonly name: string;
  readonly settings: readonly PresetSetting[];
}

const PAPER = 'arXiv 2605.26494v2';
const M1 = 'arXiv 2506.13585';
const OURS = 'not published; ours';

/** Forge, as far as it is published (docs/presets.md). */
function forge(root: unknown): Given[] {
  const training = (field: string, value: unknown, source: string): Given => ({
    path: ['training', field],
    value,
    source,
  });
  const settings = [
    training('algorithm', 'cispo', `${M1}, equations 4 and 5`),
    training('advantage', 'mean', `${PAPER}: reward-to-go less its group's baseline`),
    training('clipHigh', 2, OURS),
    training('beta1', 0.9, M1),
    training('beta2', 0.95, M1),
    training('epsilon', 1e-15, M1),
    training('maxStaleness', 2, 'what the window allows: (N + W − 2) ÷ groups of a round'),
  ];
  const groups = valueAt(root, ['rollouts', 'groupsPerRound']);
  // Where it makes no sense, that is what is told.
  if (typeof groups === 'number' && Number.isInteger(groups) && groups > 0) {
    const outstanding = 2 * groups;
    const window = Math.max(1, Math.floor(0.3 * outstanding));
    settings.push(
      { path: ['pipeline', 'mode'], value: 'async', source: `${PAPER}, 6.2` },
      {
        path: ['pipeline', 'scheduler'],
        value: { kind: 'position-window', outstanding, window },
        source: `${PAPER}, 6.2.4: W = 0.3 N; N, twice the groups of a round, is ours`,
      },
    );
  }
  if (valueAt(root, ['tasks', 'source']) === 'artifact-set')
    settings.push(
      { path: ['reward', 'process'], value: 0.1, source: `outcome + α·process + β·speed; α is ${OURS}` },
      { path: ['reward', 'speed'], value: 0.1, source: `β is ${OURS}` },
    );
  return settings;
}

const PRESETS: Readonly<Record<string, (root: unknown) => Given[]>> = { forge };

/** @param root the plain document; one without a preset, or with one that nobody knows, is given back as it is */
export function expandPreset(root: unknown): { readonly root: unknown; readonly preset: ExpandedPreset | undefined } {
  const name = valueAt(root, ['preset']);
  const made = typeof name === 'string' && Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (made === undefined || typeof name !== 'string' || !isMap(root)) return { root, preset: undefined };
  const given = made(root);
  const expanded = structuredClone(root);
  for (const { path, value } of given) settle(expanded, path, value);
  for (const { path } of given) clear(expanded, path);
  const settings = given.map(({ path, value, source }): PresetSetting => {
    return { path: dotted(path), preset: value, value: valueAt(expanded, path), source };
  });
  return { root: expanded, preset: { name, settings } };
}

/** Where a map of the file's has nothing; anything else on the way is left to be refused. */
function settle(map: Fields, [step = '', ...rest]: Path, value: unknown): void {
  if (!Object.hasOwn(map, step)) map[step] = rest.length === 0 ? value : {};
  const inner = map[step];
  if (rest.length > 0 && isMap(inner)) settle(inner, rest, value);
}

/** `null` on the way takes away what the preset sets below it. */
function clear(map: Fields, [step = '', ...rest]: Path): void {
  const inner = map[step];
  if (inner === null) delete map[step];
  else if (isMap(inner)) clear(inner, rest);
}

type Fields = Record<string | number, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A problem of what only the preset says is one of the line that names it. */
export function atPreset(problem: Problem, { name, settings }: ExpandedPreset, document: CampaignDocument): Problem {
  const ours = settings.find(({ path }) => problem.path === path || problem.path.startsWith(`${path}.`));
  if (ours === undefined || valueAt(document.value, ours.path.split('.')) !== undefined) return problem;
  const hint = `${problem.hint} Preset ${name} says ${shown(ours.preset)}; what the file says goes before.`;
  return { ...problem, line: document.locate(['preset']).line, hint };
}

/** A line a setting, for whoever checks a file. */
export function presetLines({ name, settings }: ExpandedPreset): string[] {
  const widest = Math.max(...settings.map(({ path }) => path.length));
  return [
    `preset ${name}:`,
    ...settings.map(({ path, preset, value, source }) => {
      const own = JSON.stringify(value) !== JSON.stringify(preset);
      const what = own ? `${shown(value)} by the file; the preset: ${shown(preset)}` : `${shown(value)} (${source})`;
      return `  ${path.padEnd(widest)}  ${what}`;
    }),
  ];
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
