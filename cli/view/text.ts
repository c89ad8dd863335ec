// Text that fits and cannot lie: column widths of Unicode text, and untrusted text stripped of what steers a terminal.

/** ESC sequences as terminals know them: CSI, OSC and the other strings up to their terminator, and two-byte escapes. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** Controls but for tab and newline; bidirectional overrides, isolates and marks; line separators; invisible joiners and tags. */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Untrusted text for one line: no escape sequences, controls or bidirectional marks; newlines and tabs become spaces. */
export function plain(text: string, { tabs = false }: { tabs?: boolean } = {}): string {
  const oneLine = text.replaceAll(SEQUENCES, '').replaceAll(CONTROLS, '').replaceAll(/\n/g, ' ');
  return tabs ? oneLine.replaceAll('\t', ' ') : oneLine.replaceAll(/\t/g, '  ');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes take no room
const COLOUR = /(\u001b\[\d+m)/g;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ZERO = /^(?:\p{Mn}|\p{Me}|\ufe0f)+$/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemeWidth(cluster: string): number {
  if (ZERO.test(cluster)) return 0;
  return WIDE.test(cluster) || cluster.includes('\ufe0f') ? 2 : 1;
}

/** Columns that a line takes; our own colour codes take none. */
export function columns(text: string): number {
  const bare = text.replaceAll(COLOUR, '');
  // Printable ASCII is the fast path.
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let total = 0;
  for (const { segment } of graphemes.segment(bare)) total += graphemeWidth(segment);
  return total;
}

/** At most `width` columns, the last of them an ellipsis when something was cut; colour codes are kept. */
export function clip(text: string, width: number): string {
  if (columns(text) <= width) return text;
  if (width <= 0) return '';
  let used = 0;
  let kept = '';
  let coloured = false;
  for (const part of text.split(COLOUR)) {
    if (part.startsWith('\u001b[')) {
      kept += part;
      coloured = true;
      continue;
    }
    for (const { segment } of graphemes.segment(part)) {
      const next = graphemeWidth(segment);
      if (used + next > width - 1) return `${kept}…${coloured ? '\u001b[0m' : ''}`;
      kept += segment;
      used += next;
    }
  }
  return kept;
}

/** At most `width` columns of text without colours, the first of them an ellipsis when something was cut. */
export function clipStart(text: string, width: number): string {
  if (columns(text) <= width) return text;
  if (width <= 0) return '';
  const clusters = [...graphemes.segment(text)].map(({ segment }) => segment);
  let used = 1;
  let from = clusters.length;
  while (from > 0 && used + graphemeWidth(clusters[from - 1]!) <= width) used += graphemeWidth(clusters[--from]!);
  return `…${clusters.slice(from).join('')}`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - columns(text))) + text;
}

/** Breaks at spaces into lines of at most `width` columns; a longer word is broken anywhere. Never returns nothing. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ +/)) {
    let rest = word;
    while (columns(rest) > width) {
      if (line !== '') lines.push(line);
      line = '';
      let head = '';
      for (const { segment } of graphemes.segment(rest)) {
        if (head !== '' && columns(head) + graphemeWidth(segment) > width) break;
        head += segment;
      }
      lines.push(head);
      rest = rest.slice(head.length);
    }
    if (line === '') line = rest;
    else if (columns(line) + 1 + columns(rest) <= width) line += ` ${rest}`;
    else {
      lines.push(line);
      line = rest;
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}
