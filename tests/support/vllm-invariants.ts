// What must hold of every transcript of a fleet, whatever failed, hung or was killed. The servers answer with whatever weights they
// have; that nobody is given it is the work of the orchestrator's order and of the guard.
import type { WeightTag } from '../../contracts/weight-update.ts';
import type { Entry, Sampled, Transcript } from './vllm-transcript.ts';

export const RULES = {
  pure: 'what is given out was made, from beginning to end, with the one version that was asked for',
  still: 'nothing is given out that went on over a pause',
  one: 'while something is given out, whatever may be sampled holds the same verified version',
  stopped: 'a server is changed only while it is paused',
  all: 'a server is changed only while no other one may be sampled with anything but the target',
  verified:
    'a server is resumed only when every one that is not given up has said, since it was changed, that it is at that version',
  arrived: 'where an update ends well every server serves the target or is named as lost',
} as const;
export type Rule = keyof typeof RULES;

export interface Breach {
  readonly rule: Rule;
  readonly text: string;
}

/** What can be known of a server by listening to it. */
interface Heard {
  paused: boolean;
  fence: number;
  /** What its guard may let through: nothing once a change has begun, or it has died. */
  open: WeightTag | null;
  /** What its workers said last, to whoever asks; nothing once a change has begun. A death is not heard. */
  verified: WeightTag | null;
}

const CHANGES: readonly string[] = ['/start_weight_update', '/update_weights', '/finish_weight_update'];

export function breachesOf({ entries, given }: Pick<Transcript, 'entries' | 'given'>): Breach[] {
  const breaches: Breach[] = [];
  const fleet = new Map<string, Heard>();
  const began = new Map<string, number>();
  const pausedAt = new Map<string, number>();
  const targets = targetsOf(entries);
  let lostBefore: readonly string[] = [];

  const of = (server: string): Heard => {
    const found = fleet.get(server) ?? { paused: false, fence: 0, open: null, verified: null };
    fleet.set(server, found);
    return found;
  };
  const say = (at: number, rule: Rule, text: string): void => {
    breaches.push({ rule, text: `${at}: ${text} (${RULES[rule]})` });
  };
  const others = (server: string, without: readonly string[]): [string, Heard][] =>
    [...fleet].filter(([url]) => url !== server && !without.includes(url));

  function judgeCall(at: number, server: string, path: string): void {
    const lost = lostNext(entries, at);
    const it = of(server);
    if (CHANGES.includes(path)) {
      if (!it.paused) say(at, 'stopped', `${path} at ${server}`);
      const target = targets.get(it.fence);
      for (const [url, { paused, open }] of others(server, lost)) {
        if (target !== undefined && !paused && open !== null && open !== target) {
          say(at, 'all', `${path} at ${server} toward ${target}, while ${url} gives out ${open}`);
        }
      }
      it.open = it.verified = null;
    }
    if (path === '/resume') {
      if (it.verified === null) say(at, 'verified', `${server} has not said what it serves`);
      for (const [url, { verified }] of others(server, lost)) {
        if (verified !== it.verified) say(at, 'verified', `${server} is at ${it.verified}, ${url} at ${verified}`);
      }
    }
  }

  function judgeSample(at: number, sampled: Sampled): void {
    const { server, sample, asked, contents, finish } = sampled;
    if (!given.has(sample) || finish === 'abort') return;
    const which = `${sample} of ${server}`;
    if (contents.some((content) => content !== asked)) {
      say(at, 'pure', `${which}: asked ${asked}, made with ${contents.join(', then ')}`);
    }
    const pause = pausedAt.get(server);
    if (sampled.whilePaused || (pause !== undefined && pause > began.get(sample)!)) say(at, 'still', which);
    if (of(server).open !== asked) say(at, 'one', `${which}: ${asked}, known of it is ${of(server).open}`);
    for (const [url, { paused, open }] of others(server, [...lostBefore, ...lostNext(entries, at)])) {
      if (!paused && open !== null && open !== asked) say(at, 'one', `${which}: ${asked}, ${url} gives out ${open}`);
    }
  }

  entries.forEach((entry, at) => {
    switch (entry.what) {
      case 'called':
        if (entry.fence !== undefined && entry.path.startsWith('/init')) of(entry.server).fence = entry.fence;
        judgeCall(at, entry.server, entry.path);
        return;
      case 'paused':
        pausedAt.set(entry.server, at);
        of(entry.server).paused = true;
        return;
      case 'resumed':
        of(entry.server).paused = false;
        return;
      case 'told':
        of(entry.server).open = of(entry.server).verified = entry.serving;
        return;
      case 'died':
        Object.assign(of(entry.server), { paused: false, open: null });
        return;
      case 'began':
        began.set(entry.sample, at);
        return;
      case 'sampled':
        judgeSample(at, entry);
        return;
      case 'ended': {
        lostBefore = entry.lost;
        for (const { server, paused, content } of entry.states) {
          if (entry.lost.includes(server)) continue;
          const it = of(server);
          const right = entry.serving.includes(server) && !paused && content === entry.tag && it.open === entry.tag;
          if (!right) say(at, 'arrived', `${server} has ${content}, said ${it.open}, ${paused ? 'is paused' : 'runs'}`);
        }
      }
    }
  });
  return breaches;
}

/** Where each update goes, by its number. */
function targetsOf(entries: readonly Entry[]): Map<number, WeightTag> {
  const found = new Map<number, WeightTag>();
  for (const entry of entries) {
    if (entry.what === 'called' && entry.fence !== undefined && entry.tag !== undefined)
      found.set(entry.fence, entry.tag);
  }
  return found;
}

/** Those that the update under way gives up in the end: until then nobody but it knows. */
function lostNext(entries: readonly Entry[], at: number): readonly string[] {
  for (let next = at + 1; next < entries.length; next += 1) {
    const entry = entries[next]!;
    if (entry.what === 'ended') return entry.lost;
  }
  return [];
}
