// Who wants to reach another machine: a client with an address that is not this machine's, or code that connects to one. Whoever asks a
// registry for a package that is not there does what everybody does.
import { JAVASCRIPT_NETWORK, READERS } from '../program-alarms.ts';
import { PYTHON_NETWORK } from '../python-signs.ts';
import { alarmsBy } from '../sign.ts';
import type { Deed, DoneStep } from './deeds.ts';
import { addressElsewhere, isElsewhere, isHost } from './places.ts';
import type { Session, Sighting } from './seen.ts';

type Run = Extract<Deed, { kind: 'run' }>;

/** Options that take a value, which is no address. */
const VALUED =
  /^(?:-[oHdXuAebcFmwTKEQrPxLDpiIlWS]|--(?:output|header|data\S*|request|user|user-agent|referer|cookie\S*|form\S*|max-time|write-out|config|cert|key|connect-timeout|retry\S*|output-document|directory-prefix|post-data))$/;
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
]);
/** They name places without an address. */
const BY_NAME =
  /^(?:gh (?:api|repo|pr|issue|release|gist|search|browse)|docker (?:pull|login|push)|podman pull|aws s3|gsutil (?:cp|ls|cat)|huggingface-cli download|hf download|kaggle (?:datasets|competitions)|pip3? download|npm (?:pack|view|publish)|git-lfs (?:pull|fetch))\b/;
const REMOTE_COPY = /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+):/;
const DEV_TCP = /^\/dev\/(?:tcp|udp)\/([^/]+)\//;
const ANSWERED =
  /^[ \t]*<? ?HTTP\/[\d.]+ \d{3}|\bsaved \[\d+|^[ \t]*\d+ bytes from |Cloning into[^\n]*\n[\s\S]{0,2000}(?:Receiving objects|done\.)|^\* Connected to /m;

export function reaching({ step, deeds }: DoneStep, { grounds }: Session): Sighting[] {
  const found: Sighting[] = [];
  const says = (what: string, quote: string, proved = false): void =>
    void found.push({ detector: 'network', says: what, quote, proved });
  for (const deed of deeds) {
    if (deed.kind === 'open') {
      const address = addressElsewhere(deed.url);
      if (address !== undefined && !grounds.tools.has(step.tool)) says('opens an address', address);
    }
    if (deed.kind === 'code') {
      const address = connectsTo(deed);
      if (address !== undefined) says('runs code that connects to another machine', address);
    }
    if (deed.kind !== 'run') continue;
    const address = asksFor(deed);
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
  if (/^(?:pip3?|uv|pipx|npm|npx|yarn|pnpm|go|cargo|conda|python[\d.]*)$/.test(name)) return installed(words);
  if (!CLIENTS.has(name)) return undefined;
  for (const [at, word] of words.entries()) {
    if (at === 0 || word.length > 2_000) continue;
    const address = addressElsewhere(word);
    if (address !== undefined && !/^-(?:H|e|d|A)$|^--(?:data|header|referer)/.test(words[at - 1]!)) return address;
    if (word.startsWith('-') || VALUED.test(words[at - 1]!) || word.includes('://')) continue;
    const copy = REMOTE_COPY.exec(word)?.[1];
    if (copy !== undefined && isElsewhere(copy)) return word;
    const host = word
      .replace(/^[\w.-]+@/, '')
      .replace(/[/:?].*$/s, '')
      .replace(/^(?:tcp|udp|ssl|openssl)\d?:/i, '');
    if (
      isHost(host) &&
      isElsewhere(host) &&
      !/\.(?:py|js|ts|txt|json|html?|md|sh|pem|crt|yml|yaml|log|csv|xml|tar|gz|zip|conf|cfg)$/i.test(host)
    )
      return word;
  }
  return undefined;
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
  words.some((word) => /^(?:install|add|get|download|i|exec|create)$/.test(word))
    ? words.map((word) => addressElsewhere(word)).find((address) => address !== undefined)
    : undefined;

const CONNECTS =
  /\b(?:urlopen|urlretrieve|create_connection|open_connection|connect|connect_ex|getaddrinfo|gethostbyname|fetch|HTTPS?Connection|Session|AsyncClient|Client)\s*\(|\b(?:requests|httpx|urllib3|aiohttp|axios|got|https?)\s*\.\s*(?:get|post|put|head|request|delete|patch)\s*\(|\bLWP\b|\bNet::HTTP\b|\bTCPSocket\b|\bopen-uri\b|\bfile_get_contents\b/;
const PRETENDED = /\b(?:mock|Mock\w*|patch|responses|requests_mock|respx|httpretty|nock|msw|monkeypatch)\b/;

/** What is run and reaches out; of a file that was written before, only to an address that stands there. */
function connectsTo({ language, source, inline }: Extract<Deed, { kind: 'code' }>): string | undefined {
  if (language === 'other') return CONNECTS.test(source) ? addressElsewhere(source) : undefined;
  const read = READERS[language](source);
  const sign = language === 'python' ? PYTHON_NETWORK : JAVASCRIPT_NETWORK;
  if (!CONNECTS.test(read.code) || PRETENDED.test(read.code) || alarmsBy([sign], read).length === 0) return undefined;
  for (const text of read.texts) {
    const address =
      addressElsewhere(text) ??
      (text.length < 260 && isHost(text) && isElsewhere(text) && looksDialled(read.code) ? text : undefined);
    if (address !== undefined) return address;
  }
  const some = read.texts.some((text) => /localhost|127\.0\.0\.1|0\.0\.0\.0|::1/.test(text));
  const named = read.texts.some((text) => isHost(text));
  return inline && !some && named && looksDialled(read.code) ? 'an address of its own making' : undefined;
}

const looksDialled = (code: string): boolean =>
  /\b(?:socket|create_connection|HTTPS?Connection|connect|gethostbyname|getaddrinfo)\b/.test(code);
