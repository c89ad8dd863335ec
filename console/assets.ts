// What browsers load beside a page: one style sheet and small scripts. Their types are stripped when the console starts; there is no build.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { CHART_STYLE } from '../infra/markup/chart-style.ts';
import { DARK, LIGHT, tokens } from '../infra/markup/palette.ts';

export interface Asset {
  readonly type: string;
  readonly text: string;
  /** With what it is: a browser may keep it for ever. */
  readonly path: string;
}

const SCRIPTS = ['live', 'keys'] as const;
export type AssetName = 'console.css' | `${(typeof SCRIPTS)[number]}.js`;

export type Assets = Readonly<Record<AssetName, Asset>>;

const at = (name: string): URL => new URL(`./assets/${name}`, import.meta.url);

export function loadAssets(): Assets {
  const themes = `:root{color-scheme:light dark;${tokens(LIGHT)}}@media (prefers-color-scheme:dark){:root{${tokens(DARK)}}}\n`;
  const style = themes + CHART_STYLE + readFileSync(at('console.css'), 'utf8');
  const scripts = SCRIPTS.map((name) => [`${name}.js`, asset(`${name}.js`, 'text/javascript', script(name))]);
  return {
    'console.css': asset('console.css', 'text/css', style),
    ...(Object.fromEntries(scripts) as Record<Exclude<AssetName, 'console.css'>, Asset>),
  };
}

/** What was built has scripts without types beside it, and no sources. */
function script(name: string): string {
  const source = at(`${name}.ts`);
  if (!existsSync(source)) return readFileSync(at(`${name}.js`), 'utf8');
  return stripped(readFileSync(source, 'utf8'));
}

/** Node calls it experimental, to whoever reads the terminal: nobody there can do anything about it. */
export function stripped(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return module.stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function asset(name: string, type: string, text: string): Asset {
  const version = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { type: `${type}; charset=utf-8`, text, path: `/assets/${name}?v=${version}` };
}
