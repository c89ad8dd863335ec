// What stands before a message: colours, time stamps, ranks, levels, the names of pods, processes and places in sources. Each is peeled
// off in whatever order they come; the rest keeps its indentation, by which a traceback is known.
import type { Manner } from './manner.ts';
import { type Calendar, stampAt } from './times.ts';

export type Level = 'debug' | 'info' | 'warning' | 'error' | 'fatal';

export interface Peeled {
  readonly body: string;
  readonly rank: number | undefined;
  /** Which process, pod or actor writes, where it says so. */
  readonly unit: string;
  readonly time: string | undefined;
  readonly seconds: number | undefined;
  readonly level: Level | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is removed
const COLOURS = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

const RANK = /\[?\b(?:rank|default|worker)[ _:=-]?(\d{1,6})\]?(?=[\]:| ])[\]:|]{0,2} ?/iy;
const MPI = /\[\d+,(\d+)\]<std(?:out|err)>: ?/y;
const NUMBERED = /\s{0,6}(\d{1,6}): ?/y;
const PASTED = /\[\d+\] ?(?=\[rank)/y;
const PROCESS = /\(([^()]*(?:\([^()]*\)[^()]*)?\b(?:pid|ip)=[^()]*)\) ?/y;
const RAY = /\((raylet|autoscaler|scheduler|gcs_server|driver)[^)]{0,40}\) ?/y;
const POD = /\[?pod\/([\w.-]+)(?:\/[\w.-]+)?\]? ?/y;
const COMPOSE = /([\w.-]{1,60}) +\| ?/y;
const STREAM = /std(?:out|err) [FP] /y;
const NCCL = /([\w.-]+):(\d+):(\d+) \[(\d+)\] /y;
const GLOG = /\[?([IWEF])(?=\d{3,4} |\d* ?\w)/y;
/** Bounded: of a line that is one long word every beginning would be tried with every end. */
const PLACE =
  /(?:\[?[\w./<>-]{1,250}\.(?:py|cpp|cc|cu|go|rs|c|h):\d+(?::[\w<>]+)?\]?|\[[\w.-]+:\d+\]|[\w.]+:[\w<>]+:\d+)(?: - |[:\]] ?| )/y;
const LEVEL =
  /[[(|]? ?(DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|SEVERE|TRACE)\b ?(?=[\]):| \t-]|$)(?::[\w.]+:| *\||[\])|:]| ?-)* ?(?:\w[\w./]*:\d+\] ?)?/iy;
/** `- root - INFO - `, `- __main__ - `: names of loggers between dashes. */
const LOGGER = /(?:- )?(?!(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL) )[\w.]{1,40} - (?=[A-Z]{4,8} - |\S)/y;
/** A name in brackets before a stamp. */
const NAMED = /\[[\w.-]{1,24}\] ?(?=\[?\d{4}-\d\d)/y;
const SYSLOG = /([\w.-]+) ([\w./@-]+)(?:\[\d+\])?: /y;
const OPENING = /[[(|]? ?/y;
const SEPARATOR = /(?:[\])]?(?: - | >> | ?[|:,-] |: ?| )|[\])])/y;
/** `[2025-01-29 08:52:43 TP5]`, `[2021-09-14 10:11:20,566 I 2122527 2122927]`: more of the same brackets. */
const TAIL = /([^[\]]{0,60})\] ?/y;

const LEVELS: Readonly<Record<string, Level>> = {
  ...{
    DEBUG: 'debug',
    TRACE: 'debug',
    INFO: 'info',
    NOTICE: 'info',
    WARN: 'warning',
    WARNING: 'warning',
    ERROR: 'error',
  },
  ...{ CRITICAL: 'fatal', FATAL: 'fatal', SEVERE: 'error', I: 'info', W: 'warning', E: 'error', F: 'fatal' },
};

const at = (pattern: RegExp, text: string, from: number): RegExpExecArray | null => {
  pattern.lastIndex = from;
  return pattern.exec(text);
};

export function peel(raw: string, manner: Manner): Peeled {
  const text = raw.includes('\u001b') ? raw.replaceAll(COLOURS, '') : raw;
  const found: Found = {};
  let from = 0;
  for (let turn = 0; turn < 10; turn++) {
    const next = peelOne(text, from, manner, found);
    if (next === undefined || next === from) break;
    from = next;
  }
  return {
    ...{ body: from === 0 ? text : text.slice(from), rank: found.rank ?? found.device, unit: found.unit ?? '' },
    ...{ time: found.time, seconds: found.seconds, level: found.level },
  };
}

interface Found {
  rank?: number;
  unit?: string;
  time?: string;
  seconds?: number;
  level?: Level;
  device?: number;
}

type Peeler = readonly [pattern: RegExp, take: (match: RegExpExecArray, found: Found) => boolean];

const nothing = (): boolean => true;

/** In brackets, in parentheses, and either: whose first character decides which are tried. */
const BRACKETED: readonly Peeler[] = [
  [PASTED, nothing],
  [
    MPI,
    (match, found) => {
      found.rank = Number(match[1]);
      return true;
    },
  ],
];
const IN_PARENTHESES: readonly Peeler[] = [
  [
    PROCESS,
    (match, found) => {
      found.unit = match[1]!;
      const rank = /\brank=(\d+)/.exec(match[1]!) ?? /TP(\d+)/.exec(match[1]!);
      if (rank !== null) found.rank ??= Number(rank[1]);
      return true;
    },
  ],
  [
    RAY,
    (match, found) => {
      found.unit = match[1]!;
      return true;
    },
  ],
];
const ANYWHERE: readonly Peeler[] = [
  [
    RANK,
    (match, found) => {
      found.rank = Number(match[1]);
      return true;
    },
  ],
  [
    POD,
    (match, found) => {
      found.unit = match[1]!;
      const ordinal = /-(\d{1,4})$/.exec(match[1]!);
      if (ordinal !== null) found.rank ??= Number(ordinal[1]);
      return true;
    },
  ],
  [
    LEVEL,
    (match, found) => {
      if (match[1] !== match[1]!.toUpperCase() || found.level !== undefined) return false;
      found.level = LEVELS[match[1]!]!;
      return true;
    },
  ],
  [
    NCCL,
    (match, found) => {
      found.unit = `${match[1]}:${match[2]}`;
      found.device = Number(match[4]);
      return true;
    },
  ],
];
const LAST: readonly Peeler[] = [
  [PLACE, nothing],
  [LOGGER, (_, found) => found.time !== undefined],
  [STREAM, nothing],
];
const FIRST: readonly Peeler[] = [
  [NAMED, nothing],
  [
    COMPOSE,
    (match, found) => {
      if (!/[-_]\d+$/.test(match[1]!)) return false;
      found.unit = match[1]!;
      return true;
    },
  ],
];

function tryAll(peelers: readonly Peeler[], text: string, from: number, found: Found): number | undefined {
  for (const [pattern, take] of peelers) {
    const match = at(pattern, text, from);
    if (match !== null && take(match, found)) return from + match[0].length;
  }
  return undefined;
}

/** Where the text goes on after one more prefix. */
function peelOne(text: string, from: number, { numbered, calendar }: Manner, found: Found): number | undefined {
  const code = text.charCodeAt(from);
  if (numbered && from === 0) {
    const label = at(NUMBERED, text, 0);
    if (label !== null) {
      found.rank = Number(label[1]);
      return NUMBERED.lastIndex;
    }
  }
  // After a prefix an indentation is the message's own; before everything it may be Megatron's one space.
  if (code === 32 || code === 9) return from === 0 && text.charCodeAt(1) === 91 ? 1 : undefined;
  if (found.time === undefined) {
    const opening = at(OPENING, text, from)![0].length;
    const stamp = stampAt(text, from + opening, calendar);
    if (stamp !== undefined) {
      found.time = stamp.text;
      found.seconds = stamp.seconds;
      return afterStamp(text, stamp.end, opening > 0, found);
    }
  }
  return (
    (code === 91 ? tryAll(BRACKETED, text, from, found) : undefined) ??
    (code === 40 ? tryAll(IN_PARENTHESES, text, from, found) : undefined) ??
    tryAll(ANYWHERE, text, from, found) ??
    google(text, from, calendar, found) ??
    (from === 0 ? tryAll(FIRST, text, from, found) : undefined) ??
    tryAll(LAST, text, from, found)
  );
}

/** `[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] `, `E0911 21:05:12.123456 12345 foo.cc:12] `, `[E ProcessGroupNCCL.cpp:737] `. */
function google(text: string, from: number, calendar: Calendar, found: Found): number | undefined {
  const letter = at(GLOG, text, from);
  if (letter === null) return undefined;
  const stamp = stampAt(text, GLOG.lastIndex, calendar);
  const rest = at(/(?: +\d+)? *[\w./-]+:\d+\] ?/y, text, stamp?.end ?? GLOG.lastIndex);
  if (stamp === undefined && rest === null) return undefined;
  found.level = LEVELS[letter[1]!]!;
  if (stamp !== undefined) {
    found.time ??= stamp.text;
    found.seconds ??= stamp.seconds;
  }
  return rest === null ? stamp?.end : rest.index + rest[0].length;
}

function afterStamp(text: string, end: number, bracketed: boolean, found: Found): number {
  if (bracketed && text[end] !== ']' && text[end] !== ')') {
    const tail = at(TAIL, text, end);
    if (tail !== null) {
      const parallel = /\b(?:TP|rank[ =]?)(\d+)/i.exec(tail[1]!);
      if (parallel !== null) found.rank ??= Number(parallel[1]);
      const letter = /(?:^| )([IWEF])(?: |$)/.exec(tail[1]!);
      if (letter !== null) found.level ??= LEVELS[letter[1]!]!;
      return TAIL.lastIndex;
    }
  }
  const separator = at(SEPARATOR, text, end);
  const next = separator === null ? end : SEPARATOR.lastIndex;
  const syslog = /^[A-Z][a-z]{2} /.test(text) ? at(SYSLOG, text, next) : null;
  if (syslog === null) return next;
  found.unit = `${syslog[1]} ${syslog[2]}`;
  return SYSLOG.lastIndex;
}
