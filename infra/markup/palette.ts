// The colours of every page, as tokens, so that a test can check their contrast in both modes.

export interface Palette {
  readonly paper: string;
  readonly card: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly gate: string;
  readonly visible: string;
  readonly format: string;
  readonly right: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
}

export const LIGHT: Palette = {
  paper: '#faf9f6',
  card: '#ffffff',
  ink: '#1d1c1a',
  soft: '#5f5b54',
  line: '#e3dfd6',
  gate: '#0b6570',
  visible: '#a3560a',
  format: '#6a4c9c',
  right: '#2a6a2f',
  good: '#1f6b3b',
  warn: '#8a5300',
  bad: '#b02a1f',
};

export const DARK: Palette = {
  paper: '#131417',
  card: '#1a1c20',
  ink: '#eceae4',
  soft: '#a8a59c',
  line: '#30333a',
  gate: '#58c4cf',
  visible: '#e3a35b',
  format: '#b9a0ee',
  right: '#8fce8a',
  good: '#74d19a',
  warn: '#e5b567',
  bad: '#ff8b7f',
};

/** Custom properties of CSS. */
export const tokens = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
