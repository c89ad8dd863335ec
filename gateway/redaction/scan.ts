// Whether a text is worth a closer look: one pass, since every word that an agent says passes through here, and its whole history with
// every request. It may say yes to what is no secret, never no to what a rule (rules.ts) takes for one.

/** Characters at which something may be found. */
const TRIGGERS = new Uint8Array(128);
for (const character of '_-.yIC:=>bB@') TRIGGERS[character.charCodeAt(0)] = 1;

const [WORD, VALUE, URL_PART] = [/[A-Za-z0-9_-]/, /[A-Za-z0-9+/_=-]/, /[^\s@/"'`\\]/].map((pattern) =>
  Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0)),
) as [Uint8Array, Uint8Array, Uint8Array];

/** What ends in `_`, `-` or `.`, and is followed by so many characters of words. */
const PREFIXES: Readonly<Record<string, readonly (readonly [before: string, least: number])[]>> = {
  _: [
    ...['anr', 'github_pat', 'hf', 'npm', 'dckr_pat', 'gsk'].map((before) => [before, 16] as const),
    ...['ghp', 'gho', 'ghu', 'ghs', 'ghr', 'sk_live', 'sk_test', 'rk_live', 'rk_test'].map(
      (before) => [before, 16] as const,
    ),
    ...['glsa', 'lin_api', 'ntn', 'figd', 'shpat', 'shpca', 'shppa', 'shpss'].map((before) => [before, 16] as const),
    ['glc', 1],
    ['whsec', 1],
  ],
  '-': [
    ...['sk', 'glpat', 'pypi', 'GOCSPX', 'xai', 'tskey'].map((before) => [before, 16] as const),
    ...[...'abeoprs'].map((letter) => [`xox${letter}`, 10] as const),
  ],
  '.': [...['ya29', 'hvs', 'hvb'].map((before) => [before, 16] as const), ['SG', 16]],
};

export function maySecret(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128 && TRIGGERS[code] === 1 && isFound(text, at, code)) return true;
  }
  return false;
}

function isFound(text: string, at: number, code: number): boolean {
  switch (code) {
    case 0x5f: // _
      return follows(text, at, '_');
    case 0x2d: // -
      // `-----BEGIN`
      if (text.charCodeAt(at + 1) === 0x42 && text.startsWith('-----BEGIN ', at - 4)) return true;
      return follows(text, at, '-');
    case 0x2e: // .
      return follows(text, at, '.') || text.startsWith('hooks.slack.com', at - 5);
    case 0x79: // y
      return text.charCodeAt(at + 1) === 0x4a && text.charCodeAt(at - 1) === 0x65;
    case 0x49: // I, of AIza, AKIA, ASIA and ABIA
      return (
        text.startsWith('AIza', at - 1) || (text.charCodeAt(at + 1) === 0x41 && /^A[KSB]$/.test(text.slice(at - 2, at)))
      );
    case 0x43: // C
      return text.startsWith('ACCA', at - 1);
    case 0x62: // b, B
    case 0x42:
      return (text.charCodeAt(at + 1) | 0x20) === 0x65 && /^bearer /i.test(text.slice(at, at + 7));
    case 0x40: // @
      return isPassword(text, at);
    default: // : = >
      return isNamed(text, at);
  }
}

function follows(text: string, at: number, character: '_' | '-' | '.'): boolean {
  for (const [before, least] of PREFIXES[character]!) {
    if (text.startsWith(before, at - before.length) && at >= before.length && run(text, at + 1, WORD, least) >= least)
      return true;
  }
  return false;
}

/** How many characters of the class stand from there on; no more than `most` are counted. */
function run(text: string, from: number, of: Uint8Array, most: number): number {
  let at = from;
  while (at < text.length && at - from < most && of[text.charCodeAt(at)] === 1) at += 1;
  return at - from;
}

/** Before an `@`: something, a colon, something, and two slashes. */
function isPassword(text: string, end: number): boolean {
  let at = end - 1;
  const code = (): number => text.charCodeAt(at);
  // Other writings than Latin are part of passwords too.
  while (at >= 0 && (code() > 127 || URL_PART[code()] === 1)) at -= 1;
  if (at < 2 || code() !== 0x2f) return false;
  const slice = text.slice(Math.max(0, at - 8), end);
  return /:(?:\\*\/){2}[^\s@/"'`\\]*:[^\s@/"'`\\]+$/.test(slice);
}

const SKIPPED = new Set([...' \t\n\r\\"\'`>'].map((one) => one.charCodeAt(0)));
/** Those that a name of a secret, or of a header, ends in. */
const NAMES = /(?:key|token|secret|password|passwd|passphrase|authorization)[\\"'`\s]*[:=]?$/i;

/** After a colon or an equals sign a long word, before it a name. */
function isNamed(text: string, at: number): boolean {
  let from = at + 1;
  while (from < text.length && from < at + 32 && SKIPPED.has(text.charCodeAt(from))) from += 1;
  const isLong = run(text, from, VALUE, 20) >= 20;
  if (!isLong && (text.charCodeAt(from) | 0x20) !== 0x62 && (text.charCodeAt(from) | 0x20) !== 0x74) return false;
  return NAMES.test(text.slice(Math.max(0, at - 40), at));
}
