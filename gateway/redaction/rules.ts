// What a secret looks like. A rule is tried only on text that has one of its hints, which a plain search finds: most text has none.
//
// A rule that is too eager costs more than it saves: what is taken for a secret does not train. So what is only named a secret
// (`token = …`) must look random too, and a password is known by its place in a URL alone.

export interface Rule {
  readonly kind: string;
  /** One of them is in every match, as it stands in JSON too. */
  readonly hints: readonly string[];
  /** Global. Where it has a group `secret`, that is all that goes. */
  readonly pattern: RegExp;
  /** Says no of what only looks like one. */
  readonly check?: (secret: string) => boolean;
}

/** Quotes may be escaped: arguments of tools are JSON inside JSON. */
const QUOTE = String.raw`\\*["'\x60]?`;
/** The end of an escape, as of a line break, is no part of a word. */
const EDGE = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))`;

const token = (kind: string, hint: string, rest: string): Rule => ({
  kind,
  hints: [hint],
  pattern: new RegExp(`${EDGE}${hint.replace(/[.]/g, String.raw`\.`)}${rest}`, 'g'),
});

const NAMED =
  '(?:api|access|secret|private|account|auth|encryption|signing|master)[_-]?(?:key|token)|client[_-]?secret|secret|token|passw(?:or)?d|passphrase';

/** At least two of each: no word of any language, and hardly a name in a program. */
const looksRandom = (text: string): boolean =>
  /^[0-9a-f]{32,}$/i.test(text) ||
  (/\d.*\d/.test(text) &&
    /[a-z].*[a-z]/.test(text) &&
    /[A-Z].*[A-Z]/.test(text) &&
    !/^[A-Z]+[a-z]+(?:[A-Z][a-z]+)+\d*$/.test(text));

const isPlaceholder = (text: string): boolean => /^(?:[<${*%[(]|x+$|\.+$)/i.test(text);

export const RULES: readonly Rule[] = [
  token('anneal-credential', 'anr_', String.raw`[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]{20,})?`),
  token('openai-or-anthropic-key', 'sk-', '[A-Za-z0-9_-]{20,}'),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((hint) => token('github-token', hint, '[A-Za-z0-9]{20,}')),
  token('github-token', 'github_pat_', '[A-Za-z0-9_]{22,}'),
  token('gitlab-token', 'glpat-', '[A-Za-z0-9_-]{20,}'),
  token('npm-token', 'npm_', '[A-Za-z0-9]{36,}'),
  token('pypi-token', 'pypi-AgE', '[A-Za-z0-9_-]{16,}'),
  token('huggingface-token', 'hf_', '[A-Za-z0-9]{30,}'),
  token('docker-token', 'dckr_pat_', '[A-Za-z0-9_-]{20,}'),
  token('google-key', 'AIza', '[A-Za-z0-9_-]{35}'),
  token('google-token', 'ya29.', '[A-Za-z0-9_-]{20,}'),
  token('google-secret', 'GOCSPX-', '[A-Za-z0-9_-]{24,}'),
  token('sendgrid-key', 'SG.', String.raw`[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`),
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((hint) => token('stripe-key', hint, '[A-Za-z0-9]{16,}')),
  token('grafana-token', 'glsa_', '[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}'),
  token('grafana-token', 'glc_', '[A-Za-z0-9][A-Za-z0-9+/=]{31,}'),
  token('linear-key', 'lin_api_', '[A-Za-z0-9]{32,}'),
  token('notion-token', 'ntn_', '[A-Za-z0-9]{40,}'),
  token('figma-token', 'figd_', '[A-Za-z0-9_-]{32,}'),
  ...['shpat_', 'shpca_', 'shppa_', 'shpss_'].map((hint) => token('shopify-token', hint, '[A-Fa-f0-9]{32}')),
  ...['hvs.', 'hvb.'].map((hint) => token('vault-token', hint, '[A-Za-z0-9_-]{24,}')),
  token('tailscale-key', 'tskey-', '[A-Za-z0-9-]{20,}'),
  token('1password-token', 'ops_eyJ', '[A-Za-z0-9_-]{100,}'),
  token('webhook-secret', 'whsec_', '[A-Za-z0-9+/=]{20,}'),
  token('xai-or-groq-key', 'gsk_', '[A-Za-z0-9]{40,}'),
  token('xai-or-groq-key', 'xai-', '[A-Za-z0-9]{40,}'),
  token('json-web-token', 'eyJ', String.raw`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`),
  { kind: 'slack-token', hints: ['xox'], pattern: new RegExp(`${EDGE}xox[abeoprs]-[A-Za-z0-9-]{10,}`, 'g') },
  {
    kind: 'slack-webhook',
    hints: ['hooks.slack.com'],
    pattern: /hooks\.slack\.com\\*\/services(?<secret>(?:\\*\/[A-Za-z0-9]{6,}){3})/g,
  },
  {
    kind: 'aws-key',
    hints: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: new RegExp(`${EDGE}(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])`, 'g'),
  },
  {
    kind: 'aws-secret',
    hints: ['ecret', 'ECRET'],
    pattern: new RegExp(
      String.raw`(?:aws)?_?secret_?(?:access)?_?key${QUOTE}\s*(?::|=>|=)\s*${QUOTE}(?<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])`,
      'gi',
    ),
  },
  {
    kind: 'private-key',
    hints: ['PRIVATE KEY'],
    // One that was cut off is one too.
    pattern: /-----BEGIN (?<name>(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?)-----[\s\S]*?(?:-----END \k<name>-----|$)/g,
  },
  {
    kind: 'url-password',
    hints: ['://', String.raw`:\/\/`, String.raw`:\\/`],
    pattern: /[A-Za-z][A-Za-z0-9+.-]{0,30}:(?:\\*\/){2}[^\s:@/"'`\\]{0,256}:(?<secret>[^\s@/"'`\\]{1,512})@/g,
    check: (secret) => !isPlaceholder(secret),
  },
  {
    kind: 'authorization',
    hints: ['uthorization', 'UTHORIZATION'],
    pattern: new RegExp(
      String.raw`authorization${QUOTE}\s*[:=]\s*${QUOTE}(?:bearer|basic|token)\s+(?<secret>[^\s"'\x60\\,;]{8,})`,
      'gi',
    ),
    check: (secret) => !isPlaceholder(secret),
  },
  {
    kind: 'bearer-token',
    hints: ['earer ', 'EARER '],
    pattern: /bearer +(?<secret>[A-Za-z0-9._~+/-]{20,}=*)/gi,
    check: looksRandom,
  },
  {
    kind: 'named-secret',
    hints: ['ecret', 'oken', 'assw', 'assp', 'key', 'Key', 'SECRET', 'TOKEN', 'PASS', 'KEY'],
    pattern: new RegExp(
      String.raw`(?:${NAMED})${QUOTE}\s*(?::|=>|=)\s*${QUOTE}(?<secret>[A-Za-z0-9+/_=-]{20,})(?![A-Za-z0-9+/_=.(-])`,
      'gi',
    ),
    check: looksRandom,
  },
];
