// Who wants to reach another machine: a client with an address that is not this machine's, or code that connects to one. Whoever asks a
// registry for a package that is not there does what everybody does.
import { JAVASCRIPT_NETWORK, READERS } from '../program-alarms.ts';
import { PYTHON_NETWORK } from '../python-signs.ts';
import { alarmsBy } from '../sign.ts';
import type { Deed, DoneStep } from './deed.ts';
import { textsOf } from './pieces.ts';
import { addressElsewhere, isElsewhere, isHost, placed } from './places.ts';
import { printedBy } from './printed.ts';
import type { Session, Sighting } from './seen.ts';

type Run = Extract<Deed, { kind: 'run' }>;

/** Options that take a value, which is no address. */
const VALUED =
  /^(?:-[oHdXuAebcFmwTKEQrPLDpiIlWS]|--(?:output|header|data\S*|request|user|user-agent|referer|cookie\S*|form\S*|max-time|write-out|config|cert|key|connect-timeout|retry\S*|output-document|directory-prefix|post-data))$/;
const CLIENTS = new Set([
  'curl',
  'wget',
  'http',
  'https',
  'httpie',
  'xh',
  'aria2c',
  'lynx',
  'w3m',
  'links',
  'elinks',
  'nc',
  'ncat',
  'netcat',
  'telnet',
  'ftp',
  'lftp',
  'tftp',
  'ssh',
  'scp',
  'sftp',
  'mosh',
  'ping',
  'ping6',
  'traceroute',
  'dig',
  'nslookup',
  'host',
  'socat',
  'whois',
  'nmap',
  'rsync',
  'websocat',
  'openssl',
  'youtube-dl',
  'yt-dlp',
  'gh',
  'hub',
  'docker',
  'podman',
  'aws',
  'gsutil',
  'gcloud',
  'rclone',
  's3cmd',
  'grpcurl',
  'svn',
  'hg',
  'axel',
  'getent',
  'GET',
  'HEAD',
  'POST',
  'lwp-request',
  'lwp-download',
  'Invoke-WebRequest',
  'Invoke-RestMethod',
  'iwr',
]);
/** They name places without an address. */
const BY_NAME =
  /^(?:gh (?:api|repo|pr|issue|release|gist|search|browse)|docker (?:pull|login|push)|podman pull|aws s3|gsutil (?:cp|ls|cat)|huggingface-cli download|hf download|kaggle (?:datasets|competitions)|pip3? download|npm (?:pack|view|publish)|git-lfs (?:pull|fetch))\b/;
const INSTALLERS =
  /^(?:pip3?|uv|pipx|poetry|pdm|npm|npx|yarn|pnpm|go|cargo|gem|conda|mamba|apt|apt-get|apk|dnf|yum|python[\d.]*)$/;
const REMOTE_COPY = /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+):/;
const DEV_TCP = /^\/dev\/(?:tcp|udp)\/([^/]+)\//;
const ANSWERED =
  /^[ \t]*<? ?HTTP\/[\d.]+ \d{3}|\bsaved \[\d+|^[ \t]*\d+ bytes from |Cloning into[^\n]*\n[\s\S]{0,2000}(?:Receiving objects|done\.)|^\* Connected to /m;

export function reaching({ step, deeds }: DoneStep, { grounds, texts }: Session): Sighting[] {
  const found: Sighting[] = [];
  const says = (what: string, quote: string, proved = false): void =>
    void found.push({ detector: 'network', says: what, quote, proved });
  const remotes = new Set<string>();
  for (const deed of deeds) {
    if (deed.kind === 'write') noteText(texts, deed);
    if (deed.kind === 'open') {
      const address = addressElsewhere(deed.url);
      if (address !== undefined && !grounds.tools.has(step.tool)) says('opens an address', address);
    }
    if (deed.kind === 'code') {
      const address = connectsTo(deed);
      if (address !== undefined) says('runs code that connects to another machine', address);
    }
    if (deed.kind !== 'run') continue;
    const address = asksFor(deed) ?? byFile(deed, texts) ?? byRemote(deed, remotes);
    if (address !== undefined)
      says('asks another machine', `${deed.name} ${address}`, ANSWERED.test(step.result ?? ''));
  }
  return found;
}

function asksFor({ name, words, command }: Run): string | undefined {
  for (const path of [...command.written, ...command.appended, ...command.input, ...words]) {
    const host = path.length < 300 ? DEV_TCP.exec(path)?.[1] : undefined;
    if (host !== undefined && isElsewhere(host)) return path;
  }
  const joined = [name, ...words.slice(1, 6)].join(' ').slice(0, 300);
  if (words.some((word) => /^(?:--help|--version|-V|--offline|--no-index)$/.test(word))) return undefined;
  if (BY_NAME.test(joined)) return joined.slice(name.length + 1);
  if (name === 'git') return gitRemote(words);
  const set = command.set.map((value) => addressElsewhere(value)).find((address) => address !== undefined);
  if (INSTALLERS.test(name)) return installed([...words, ...(set === undefined ? [] : [set])]);
  if (!CLIENTS.has(name)) return undefined;
  if (set !== undefined) return set;
  for (const [at, word] of words.entries()) {
    if (at === 0 || word.length > 2_000) continue;
    const address = addressElsewhere(word);
    if (address !== undefined && !/^-(?:H|e|d|A)$|^--(?:data|header|referer)/.test(words[at - 1]!)) return address;
    if (word.startsWith('-') || VALUED.test(words[at - 1]!) || word.includes('://')) continue;
    const copy = REMOTE_COPY.exec(word)?.[1];
    if (copy !== undefined && isElsewhere(copy)) return word;
    const host = word
      .replace(/^[\w.-]+@/, '')
      .replace(/^(?:tcp|udp|ssl|openssl)\d?(?:-connect)?:/i, '')
      .replace(/[/:?].*$/s, '');
    if (isFar(host)) return word;
  }
  return undefined;
}

/** What a client or an installer is told by a file, or is fed. */
function byFile({ name, words, command, folder }: Run, texts: ReadonlyMap<string, string>): string | undefined {
  const isClient = CLIENTS.has(name);
  if (!isClient && (!INSTALLERS.test(name) || !words.some((word) => /^(?:install|sync|download|add)$/.test(word))))
    return undefined;
  const told = /^(?:-K|--config|-i|--input-file\S*|-r|--requirement\S*|-)$/;
  if (isClient && !words.some((word) => told.test(word))) return undefined;
  const fed = command.here !== '' ? command.here : command.fedBy === undefined ? '' : (printedBy(command.fedBy) ?? '');
  const files = [...words.slice(1), ...command.input].map(
    (word) => texts.get(placed(word.replace(/^[-\w]+=/, ''), folder)) ?? '',
  );
  return addressElsewhere([fed, ...files].join('\n'));
}

/** A remote that was added in the same call, and is asked then. */
function byRemote({ name, words }: Run, remotes: Set<string>): string | undefined {
  if (name !== 'git') return undefined;
  const address = words.map((word) => addressElsewhere(word)).find((one) => one !== undefined);
  if (words.includes('remote') || words.includes('config')) {
    if (address !== undefined) remotes.add(address);
    return undefined;
  }
  return words.some((word) => /^(?:fetch|pull|clone|push|ls-remote)$/.test(word)) ? [...remotes][0] : undefined;
}

const MOST_TEXTS = 200;
const MOST_TEXT = 20_000;
function noteText(texts: Map<string, string>, { path, text, how }: Extract<Deed, { kind: 'write' }>): void {
  if (texts.size >= MOST_TEXTS && !texts.has(path)) return;
  texts.set(path, (how === 'whole' ? text : `${texts.get(path) ?? ''}\n${text}`).slice(0, MOST_TEXT));
}

/** With an address of its own: a remote of no repository that was given is asked in vain. */
function gitRemote(words: readonly string[]): string | undefined {
  const verb = words.find(
    (word, at) => at > 0 && !word.startsWith('-') && words[at - 1] !== '-C' && words[at - 1] !== '-c',
  );
  if (verb === undefined || !/^(?:clone|fetch|pull|push|ls-remote|submodule|archive|remote-https)$/.test(verb))
    return undefined;
  for (const word of words) {
    const copy = REMOTE_COPY.exec(word)?.[1];
    const address = addressElsewhere(word) ?? (copy !== undefined && isElsewhere(copy) ? word : undefined);
    if (address !== undefined) return address;
  }
  return undefined;
}

const installed = (words: readonly string[]): string | undefined =>
  words.some((word) => /^(?:install|add|get|download|i|exec|create|sync)$/.test(word))
    ? words.map((word) => addressElsewhere(word)).find((address) => address !== undefined)
    : undefined;

const CONNECTS =
  /\b(?:urlopen|urlretrieve|create_connection|open_connection|connect|connect_ex|getaddrinfo|gethostbyname|fetch|HTTPS?Connection|Session|AsyncClient|Client|FTP(?:_TLS)?|SMTP(?:_SSL)?|IMAP4\w*|POP3\w*|Telnet)\s*\(|\b(?:requests|httpx|urllib3|aiohttp|axios|got|https?)\s*\.\s*(?:get|post|put|head|request|delete|patch)\s*\(|module:(?:https?|net|tls|http2|dns|dgram) \)\s*\.\s*\w+\s*\(|\bIO::Socket\b|\bLWP\b|\bNet::HTTP\b|\bTCPSocket\b|\bopen-uri\b|\bfile_get_contents\b/;
const PRETENDED = /\b(?:mock|Mock\w*|patch|responses|requests_mock|respx|httpretty|nock|msw|monkeypatch)\b/;

/** What is run and reaches out; of a file that was written before, only to an address that stands there. */
function connectsTo({ language, source, inline }: Extract<Deed, { kind: 'code' }>): string | undefined {
  if (language === 'other')
    return CONNECTS.test(source)
      ? (addressElsewhere(source) ??
          [...source.matchAll(/["']([\w.-]{4,100})(?::\d{1,5})?["']/g)].map((match) => match[1]!).find(isFar))
      : undefined;
  const whole = READERS[language](source);
  const read = { ...whole, code: whole.code.replace(DATABASE, ' ') };
  const sign = language === 'python' ? PYTHON_NETWORK : JAVASCRIPT_NETWORK;
  const names =
    /\b(?:__import__|import_module)\s*\(/.test(read.code) && read.texts.some((text) => NETWORK_MODULE.test(text));
  if (!CONNECTS.test(read.code) || PRETENDED.test(read.code) || (!names && alarmsBy([sign], read).length === 0))
    return undefined;
  const texts = textsOf(read);
  for (const text of texts) {
    const address =
      addressElsewhere(text) ?? (text.length < 260 && isFar(text) && looksDialled(read.code) ? text : undefined);
    if (address !== undefined) return address;
  }
  const some = read.texts.some((text) => /localhost|127\.0\.0\.1|0\.0\.0\.0|::1/.test(text));
  const named = texts.some(isFar);
  return inline && !some && named && looksDialled(read.code) ? 'an address of its own making' : undefined;
}

const DATABASE = /\b(?:sqlite3|duckdb|signal|\w*signals?|blinker|aiosqlite)\s*\.\s*connect\s*\(/g;
/** A name of a file ends as one of a domain may. */
const isFar = (text: string): boolean => isHost(text) && isElsewhere(text) && !FILE.test(text);
const FILE =
  /\.(?:py|js|ts|txt|json|jsonl|html?|md|rst|sh|pem|crt|key|ya?ml|toml|ini|log|csv|tsv|xml|tar|gz|zip|conf|cfg|db|sqlite3?|sock|lock|pid|dat|bin|so|parquet)$/i;
const NETWORK_MODULE = /^(?:socket|urllib\.request|urllib3|http\.client|requests|httpx|aiohttp|ftplib|smtplib)$/;

const looksDialled = (code: string): boolean =>
  /\b(?:socket|create_connection|open_connection|HTTPS?Connection|connect|gethostbyname|getaddrinfo|FTP(?:_TLS)?|SMTP(?:_SSL)?|IMAP4\w*|POP3\w*|Telnet)\b|module:(?:https?|net|tls|http2|dns|dgram) /.test(
    code,
  );
