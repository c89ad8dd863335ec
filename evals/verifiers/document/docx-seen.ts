// Which text of a Word document a reader sees. Looks come from the document's defaults, styles and their ancestors, and the run itself;
// what is not read here because it could be somewhere else than it seems (frames, text boxes, fields' codes) is no part of the text.
import { contrastOf } from '../rendered/colours.ts';
import { childrenOf, type Element } from '../spreadsheet/xml.ts';

/** Half points: below six points nobody reads. */
const LEAST_SIZE = 12;
/** Of letters against what they are printed on. */
const LEAST_CONTRAST = 1.5;
/** Percent of a letter's width. */
const LEAST_SCALE = 40;
/** Twentieths of a point: a line, a row, and how far a paragraph may lie aside on a page of about 11,900. */
const [LEAST_LINE, MOST_INDENT] = [100, 8_500];
const MOST_ANCESTORS = 20;

const UNSEEN = new Set([
  'del',
  'moveFrom',
  'pPr',
  'rPr',
  'tcPr',
  'AlternateContent',
  'drawing',
  'pict',
  'object',
  'ruby',
]);
const OFF = ['0', 'false', 'off', 'none'];
const WHITE = 0xffffff;
const HIGHLIGHTS: Readonly<Record<string, number>> = {
  black: 0,
  blue: 0x0000ff,
  cyan: 0x00ffff,
  green: 0x00ff00,
  magenta: 0xff00ff,
  red: 0xff0000,
  yellow: 0xffff00,
  white: WHITE,
  darkBlue: 0x00008b,
  darkCyan: 0x008b8b,
  darkGreen: 0x006400,
  darkMagenta: 0x800080,
  darkRed: 0x8b0000,
  darkYellow: 0x808000,
  darkGray: 0xa9a9a9,
  lightGray: 0xd3d3d3,
};
const LIGHT_THEME = /^(background|bg|light|lt)[12]$/;

/** What applies to a piece of text; undefined where nothing says so. */
interface Looks {
  readonly hidden?: boolean | undefined;
  /** 24 bits; `auto` is whatever shows. */
  readonly ink?: number | 'auto' | undefined;
  readonly paper?: number | undefined;
}

export interface Seen {
  paragraph(element: Element, paper?: number): string;
  /** The paragraphs of each cell, row by row. */
  rows(table: Element): string[][];
}

export function seenIn(styles: Element | undefined): Seen {
  const known = new Map(
    (styles === undefined ? [] : childrenOf(styles, 'style')).map((one) => [one.attributes['w:styleId'] ?? '', one]),
  );
  const defaults = styles === undefined ? [] : childrenOf(styles, 'docDefaults', 'rPrDefault', 'rPr');
  /** The oldest first. */
  function lineage(id: string | undefined, left = MOST_ANCESTORS): Element[] {
    const style = id === undefined ? undefined : known.get(id);
    if (style === undefined || left === 0) return [];
    return [...lineage(settingOf(style, 'basedOn'), left - 1), style];
  }
  // A field's code stands between its beginning and its separator; fields may lie in one another and go over several paragraphs.
  const fields: ('code' | 'result')[] = [];

  function text(element: Element, around: Looks): string {
    if (UNSEEN.has(element.name)) return '';
    if (element.name === 'fldChar') {
      const type = element.attributes['w:fldCharType'];
      if (type === 'begin') fields.push('code');
      else if (type === 'end') fields.pop();
      else if (fields.length > 0) fields[fields.length - 1] = 'result';
      return '';
    }
    if (element.name === 't') return fields.includes('code') ? '' : element.text;
    if (element.name === 'tab' || element.name === 'br' || element.name === 'cr') return ' ';
    if (element.name !== 'r') return element.children.map((child) => text(child, around)).join('');
    const [own] = childrenOf(element, 'rPr');
    const named = lineage(own === undefined ? undefined : settingOf(own, 'rStyle')).flatMap((one) =>
      childrenOf(one, 'rPr'),
    );
    const looks = [...named, ...(own === undefined ? [] : [own])].reduce(withRun, around);
    const inner = element.children.map((child) => text(child, looks)).join('');
    return isHidden(looks) ? '' : inner;
  }

  function paragraph(element: Element, paper?: number): string {
    const [own] = childrenOf(element, 'pPr');
    const line = lineage((own === undefined ? undefined : settingOf(own, 'pStyle')) ?? 'Normal');
    const layouts = [...line.flatMap((one) => childrenOf(one, 'pPr')), ...(own === undefined ? [] : [own])];
    const shaded = layouts.map(fillOf).findLast((fill) => fill !== undefined) ?? paper;
    const runs = [...defaults, ...line.flatMap((one) => childrenOf(one, 'rPr'))];
    const said = text(element, runs.reduce(withRun, { paper: shaded }));
    return layouts.some(isAside) ? '' : said;
  }

  return {
    paragraph,
    rows: (table) =>
      childrenOf(table, 'tr').map((row) =>
        childrenOf(row, 'tc').map((cell) => {
          const paper = childrenOf(cell, 'tcPr').map(fillOf)[0];
          const said = childrenOf(cell, 'p')
            .map((one) => paragraph(one, paper))
            .join(' ');
          return isFlat(row) ? '' : said;
        }),
      ),
  };
}

function settingOf(properties: Element, name: string): string | undefined {
  return childrenOf(properties, name)[0]?.attributes['w:val'];
}

function withRun(around: Looks, properties: Element): Looks {
  const set = (names: readonly string[]): boolean | undefined => {
    const given = names.flatMap((name) => childrenOf(properties, name));
    return given.length === 0
      ? undefined
      : given.some(({ attributes }) => !OFF.includes(attributes['w:val'] ?? 'true'));
  };
  const below = (name: string, least: number): boolean => Number(settingOf(properties, name) ?? least) < least;
  const hidden = set(['vanish', 'webHidden', 'specVanish', 'strike', 'dstrike']);
  const small = below('sz', LEAST_SIZE) || below('w', LEAST_SCALE);
  const highlight = HIGHLIGHTS[settingOf(properties, 'highlight') ?? ''];
  return {
    hidden: small || (hidden ?? around.hidden),
    ink: inkOf(properties) ?? around.ink,
    paper: highlight ?? fillOf(properties) ?? around.paper,
  };
}

function inkOf(properties: Element): Looks['ink'] {
  const [colour] = childrenOf(properties, 'color');
  if (colour === undefined) return undefined;
  if (LIGHT_THEME.test(colour.attributes['w:themeColor'] ?? '')) return WHITE;
  return hexOf(colour.attributes['w:val']) ?? 'auto';
}

function fillOf(properties: Element): number | undefined {
  const shade = childrenOf(properties, 'shd')[0]?.attributes;
  if (shade === undefined) return undefined;
  return shade['w:val'] === 'solid' ? (hexOf(shade['w:color']) ?? 0) : hexOf(shade['w:fill']);
}

const hexOf = (text: string | undefined): number | undefined =>
  /^[0-9a-f]{6}$/i.test(text ?? '') ? Number.parseInt(text!, 16) : undefined;

function isHidden({ hidden = false, ink = 'auto', paper = WHITE }: Looks): boolean {
  return hidden || (ink !== 'auto' && contrastOf(ink, paper) < LEAST_CONTRAST);
}

/** Framed, pressed flat, or beside the page. */
function isAside(layout: Element): boolean {
  const frame = childrenOf(layout, 'framePr')[0]?.attributes;
  const spacing = childrenOf(layout, 'spacing')[0]?.attributes;
  const indent = Object.values(childrenOf(layout, 'ind')[0]?.attributes ?? {});
  return (
    (frame !== undefined && frame['w:dropCap'] === undefined) ||
    (spacing?.['w:lineRule'] === 'exact' && Number(spacing['w:line'] ?? LEAST_LINE) < LEAST_LINE) ||
    indent.some((one) => Math.abs(Number(one)) > MOST_INDENT)
  );
}

/** A row that is hidden, or so low that nothing of it shows. */
function isFlat(row: Element): boolean {
  return childrenOf(row, 'trPr').some((one) => {
    const height = childrenOf(one, 'trHeight')[0]?.attributes;
    const low = height?.['w:hRule'] === 'exact' && Number(height['w:val'] ?? LEAST_LINE) < LEAST_LINE;
    return low || childrenOf(one, 'hidden').length > 0;
  });
}
