// Text into HTML: everything interpolated is escaped unless it is markup that this module made.

export interface Html {
  readonly html: string;
}

export type Part = string | number | Html | undefined | false | null | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** What a browser would obey rather than show: controls, bidirectional formatting, invisible characters. An emoji's own selector is none. */
export const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is shown by name
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]|\u034f|[\u180b-\u180d\u180f]|[\ufe00-\ufe0e]|(?<![\p{Extended_Pictographic}0-9#*])\ufe0f|[\u{e0000}-\u{e01ef}]/gu;

/** `⟨U+202E⟩` */
export const codePoint = (hidden: string): string =>
  `⟨U+${(hidden.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** For text and for attribute values in quotes. Hidden characters are shown as `⟨U+202E⟩`, lone surrogates replaced. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(HIDDEN, codePoint)
    .replaceAll(/[&<>"']/g, (special) => ENTITIES[special] ?? '');
}

function render(part: Part): string {
  if (part === undefined || part === null || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  if ('html' in part) return part.html;
  return part.map(render).join('');
}

/** Markup with escaped interpolations; attributes must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: strings.map((text, index) => text + (index < parts.length ? render(parts[index]) : '')).join('') };
}

/** Markup known to be safe: style sheets and scripts of this folder only. */
export const raw = (text: string): Html => ({ html: text });
