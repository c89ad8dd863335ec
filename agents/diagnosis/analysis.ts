// What is known of logs while they are read, and the diagnosis that it makes up to now: every detector asked, the first fault chosen, and
// what was read accounted for.
import type { Cause, Diagnosis, EvidenceLine, ReadFile } from '../../contracts/diagnosis.ts';
import { createCollectives } from './collectives.ts';
import type { Finding, Quoted } from './detectors/detector.ts';
import { COURSE_DETECTORS } from './detectors/registry.ts';
import type { Event } from './event.ts';
import { createPrograms } from './programs.ts';
import type { Listener } from './reader.ts';
import { REMEDIES } from './remedies.ts';
import { createSayings } from './sayings.ts';
import { createSeriesBook, type Series } from './series.ts';
import { createSilence } from './silence.ts';
import { decide, firstCourse } from './verdict.ts';

const QUOTED = 2000;
const RANKS = 65_536;

export interface Analysis {
  readonly listener: Listener;
  /** Courses of numbers, up to now. */
  series(): readonly Series[];
  /** @param files what became of each path */
  conclude(files: readonly ReadFile[]): Diagnosis;
}

export function createAnalysis(paths: readonly string[]): Analysis {
  const sayings = createSayings();
  const series = createSeriesBook();
  const collectives = createCollectives();
  const silence = createSilence();
  const programs = createPrograms();
  const ranks = new Set<number>();
  let stamped = false;

  const listener: Listener = {
    take(event: Event, watch): void {
      if (event.rank !== undefined && ranks.size < RANKS) ranks.add(event.rank);
      stamped ||= event.seconds !== undefined;
      programs.take(event);
      if (event.metrics.length > 0) series.add(event);
      if (event.body.includes('anks') || event.body.includes('Rank') || event.body.includes('Watchdog'))
        collectives.take(event);
      silence.take(event);
      sayings.take(event, watch);
    },
  };
  function conclude(files: readonly ReadFile[]): Diagnosis {
    const courses = COURSE_DETECTORS.flatMap((detector) => detector(series.all()));
    const of = [collectives.finding(ranks), silence.finding()].filter((one) => one !== undefined);
    // What the watchdogs say together says more than their lines one by one.
    const single = sayings
      .findings()
      .filter(({ cause }) => !of.some((one) => one.cause === cause && cause === 'nccl-timeout'));
    const verdict = decide([...of, ...single], courses) ?? asCourse(courses);
    const read = {
      files: [...files],
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      lines: files.reduce((sum, { lines }) => sum + lines, 0),
      ranks: [...ranks].sort((a, b) => a - b),
      programs: [...programs.names],
      metrics: series.count,
      notes: files.flatMap(noteOf),
    };
    const nothing = { firstFault: null, evidence: [], collective: null, alternatives: [], remedies: [] };
    const head = { schema: 'anneal/diagnosis/v1' as const, read };
    if (verdict === undefined) {
      if (read.lines === 0)
        return { ...head, ...nothing, cause: 'undetermined', confidence: 0, summary: 'Nothing could be read.' };
      if (sayings.weak !== undefined)
        return {
          ...{
            ...head,
            ...nothing,
            cause: 'undetermined',
            confidence: 0.5,
            summary: 'Something failed, and no line says what.',
          },
          evidence: [evidenceOf(sayings.weak, 'supports', paths)],
        };
      const known = read.programs.length > 0 || read.metrics > 0 || stamped;
      return known
        ? {
            ...head,
            ...nothing,
            cause: 'healthy',
            confidence: 0.9,
            summary: 'No line and no course of numbers shows a fault.',
          }
        : {
            ...head,
            ...nothing,
            cause: 'undetermined',
            confidence: 0.3,
            summary: 'No fault is seen, but this is no log that is known here.',
          };
    }
    const { root, others } = verdict;
    return {
      ...head,
      cause: root.cause,
      summary: summaryOf(root),
      confidence: confidenceOf(root, others),
      firstFault: placeOf(root.at, paths),
      evidence: [
        evidenceOf(root.at, 'first-fault', paths),
        ...root.supports.slice(0, 3).map((at) => evidenceOf(at, 'supports', paths)),
        ...others
          .filter(({ follows }) => follows)
          .slice(0, 3)
          .map(({ at }) => evidenceOf(at, 'follows', paths)),
      ],
      collective:
        root.collective === undefined ? null : { ...root.collective, stoppedRanks: [...root.collective.stoppedRanks] },
      alternatives: alternativesOf(root.cause, others),
      remedies: [...REMEDIES[root.cause]],
    };
  }

  return { listener, series: series.all, conclude };
}

function asCourse(courses: readonly Finding[]) {
  const root = firstCourse(courses);
  return root === undefined ? undefined : { root, others: courses.filter(({ cause }) => cause !== root.cause) };
}

const placeOf = ({ line, offset, rank, time, file }: Quoted, paths: readonly string[]) => ({
  ...{ file: paths[file]!, line, byteOffset: offset, rank: rank ?? null, time: time ?? null },
});

function evidenceOf(at: Quoted, role: EvidenceLine['role'], paths: readonly string[]): EvidenceLine {
  const long = at.raw.length > QUOTED;
  return { ...placeOf(at, paths), role, text: long ? at.raw.slice(0, QUOTED) : at.raw, cut: at.cut || long };
}

const WORDS: Readonly<Record<Cause, string>> = {
  'nan-or-inf': 'A number became NaN or infinite',
  'loss-spike': 'The loss jumped',
  'entropy-collapse': "The policy's entropy collapsed",
  'kl-blow-up': 'The divergence from the reference blew up',
  'reward-length-drift': 'The length of replies drifts',
  'gradient-explosion': 'Gradients exploded',
  'throughput-drop': 'It became slower and stayed so',
  straggler: 'One rank is slower than the others',
  'oom-device': 'The memory of a device ran out',
  'oom-host': "The host's memory ran out",
  'nccl-timeout': 'A collective operation did not end in time',
  'collective-desync': 'Ranks came to different collective operations',
  'gpu-hardware': 'A GPU failed',
  'checkpoint-corrupt': 'A checkpoint cannot be read',
  'data-starvation': 'Training waits for data',
  'disk-full': 'A disk is full',
  'tokenizer-mismatch': 'Tokens and embedding do not match',
  'gateway-failure': 'The gateway, or what it calls, does not answer',
  'verifier-failure': 'A verifier failed',
  'silent-hang': 'It stands still',
  exception: 'The program failed with an error of its own',
  preempted: 'It was ended from outside',
  healthy: 'Nothing is wrong',
  undetermined: 'It is not known',
};

function summaryOf({ cause, why, at, count }: Finding): string {
  const where = at.rank === undefined ? '' : ` on rank ${at.rank}`;
  const times = count > 1 && why === '' ? ` (${count} such lines)` : '';
  return `${WORDS[cause]}${where}${why === '' ? '' : `: ${why}`}${times}.`;
}

/** Less where something else is as likely. */
function confidenceOf(root: Finding, others: readonly Finding[]): number {
  const rival = others.find(({ follows, cause }) => !follows && cause !== root.cause);
  const doubt = rival === undefined ? 0 : 0.1 * rival.strength;
  return Math.round(Math.max(0.1, Math.min(0.98, root.strength - doubt)) * 100) / 100;
}

function alternativesOf(cause: Cause, others: readonly Finding[]): Diagnosis['alternatives'] {
  const seen = new Set<Cause>([cause]);
  return others
    .filter((one) => {
      if (seen.has(one.cause)) return false;
      seen.add(one.cause);
      return true;
    })
    .slice(0, 4)
    .map(({ cause: of, strength, why, at }) => ({
      ...{ cause: of, confidence: Math.round(strength * 60) / 100, why: why === '' ? `line ${at.line}` : why },
    }));
}

const NOTES: Partial<Record<ReadFile['state'], string>> = {
  interrupted: 'reading was interrupted; what came later is not known',
  empty: 'is empty',
  binary: 'is no text',
  directory: 'is a folder',
  missing: 'is not there',
  unreadable: 'cannot be read',
  damaged: 'is damaged; what could be unpacked was read',
};

function noteOf({ path, state, openEnd, encoding }: ReadFile): string[] {
  const note = NOTES[state];
  if (note !== undefined) return [`${path} ${note}`];
  if (encoding === 'unknown') return [`${path} is not in UTF-8: read byte by byte`];
  return openEnd ? [`${path} ends within a line: it was cut, or is still written`] : [];
}
