// Numbers with a name on a line, whoever wrote it: `loss: 2.31 | grad norm: 0.7`, `{'loss': 2.31}`, `step:34 - actor/entropy:0.22`,
// `iter 36298: loss 5.84, time 148.7ms`. Each number's name is the text before it, and a name is one of a few kinds, or nothing.

export type Kind =
  | 'step'
  | 'loss'
  | 'gradNorm'
  | 'entropy'
  | 'kl'
  | 'reward'
  | 'length'
  | 'throughput'
  | 'stepTime'
  | 'dataTime'
  | 'lossScale'
  | 'nonFinite';

export interface Metric {
  readonly kind: Kind;
  readonly name: string;
  readonly value: number;
}

const NUMBER =
  /(^|[\s:=([,|<"'~/])([-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|nan|NaN|NAN|inf|Inf|[Ii]nfinity))(?=$|[\s,;:/|})\]"'%<>]|(?:ms|s|us|it\/s|s\/it|tok|k|K|M|G|x|h|min|T|GB|GiB|MB|MiB|e)\b)( ?(?:it\/s|s\/it|tokens?\/s|tok\/s|samples?\/s)(?! *[:=]? *\d)|ms|s\b|k\b|K\b|M\b)?/g;
const NAME_FROM =
  /(?:.*(?:[|,;{}[\]\t]| - |\)|\d[\d.]*(?:ms|s|%)?:?(?= )|: ))?\s*["']?([A-Za-z][^|,;:{}\t"']{0,60}?)["']?\s*[:=(>~]*\s*["']?$/s;
/** Most numbers of a line are told apart by these alone. */
const SUSPECT =
  /loss|grad|gnorm|entropy|kl|reward|score|len|tok|through|flop|step|iter|time|data|samples|nan|it\/s|s\/it|speed|per sec|tps|load/i;

/** What a name means; undefined: nothing that is looked at. */
export function kindOf(name: string): Kind | undefined {
  const known = kinds.get(name);
  if (known !== undefined) return known === 'other' ? undefined : known;
  const kind = classify(name.toLowerCase());
  // Names are few; one that carries numbers would make them many.
  if (kinds.size < 4096) kinds.set(name, kind ?? 'other');
  return kind;
}
const kinds = new Map<string, Kind | 'other'>();

const OF_A_SPREAD =
  /(?:^|[\W_])(?:std|stddev|var|min|max|median|p\d\d|clip\w*|coef\w*|beta|target|ratio|fraction|frac|limit|threshold|weight)(?:$|[\W_])/;

function classify(name: string): Kind | undefined {
  if (name === 's/it' || name === 'it/s') return name === 's/it' ? 'stepTime' : 'throughput';
  if (/^(?:.*[\W_])?(?:number of nan|nan)[ _](?:iterations|steps|count)/.test(name)) return 'nonFinite';
  if (/loss[ _]scale|^scale$|scaler/.test(name)) return 'lossScale';
  if (/^(?:.*[/ ])?(?:global[_ ]?)?(?:step|steps|iteration|iter|it|global_step|update|updates)$/.test(name))
    return 'step';
  if (/(?:^|[\W_])(?:val|valid|validation|eval|test)(?:$|[\W_])/.test(name)) return undefined;
  if (
    /(?:data|batch|loader|load)[\W_]*(?:time|wait|loading|generator|ms|secs?)|data_?time|time\/data|timing_s\/data/.test(
      name,
    )
  )
    return 'dataTime';
  if (
    /elapsed time per iteration|(?:step|iter|iteration|batch|forward|fwd|compute|backward)[\W_]*(?:time|ms|duration|latency|secs?)|time[\W_]*(?:per[\W_])?(?:step|iter\w*|batch)|timing_s\/step|^time$|^dt$|^ms\/(?:batch|step)$|s\/it/.test(
      name,
    )
  )
    return /gen|ckpt|save|checkpoint|total|remaining|left|eta/.test(name) ? undefined : 'stepTime';
  if (/avg (?:prompt|generation) throughput|running|pending/.test(name)) return undefined;
  if (
    /tok(?:en)?s?(?:[/_ ]|\/? ?per ?)s(?:ec)?|tps|throughput|tflops?|samples?[\W_]*(?:per|\/)[\W_]*s|samplespersec|it\/s|steps?\/s|wps|speed/.test(
      name,
    )
  )
    return 'throughput';
  if (OF_A_SPREAD.test(name)) return undefined;
  if (/grad(?:ient)?s?[\W_]*norm|gnorm|norm_grad|global_norm|^grad$/.test(name)) return 'gradNorm';
  if (/entropy/.test(name)) return /cross/.test(name) ? 'loss' : 'entropy';
  if (/(?:^|[\W_])kl(?:$|[\W_])|kl_div|kldiv|kl divergence/.test(name)) return 'kl';
  if (/(?:^|[\W_])(?:aux|balanc\w*|router|value|vf|critic\/v\w*|z)[\W_]/.test(name) && /loss/.test(name))
    return undefined;
  if (/loss(?:$|[\W_])/.test(name)) return 'loss';
  if (
    /(?:response|completion|output|gen(?:erat\w+)?|reply|answer|seq\w*)s?[\W_]*(?:mean[\W_]*)?len|mean_length|avg_len|length\/mean|completion tokens/.test(
      name,
    )
  )
    return 'length';
  if (/reward|(?:^|[\W_])(?:mean_)?score|pass_rate|(?:^|[\W_])return/.test(name)) return 'reward';
  return undefined;
}

const value = (text: string): number => {
  const first = text.charCodeAt(0);
  if (first >= 48 && first <= 57) return Number(text.includes(',') ? text.replaceAll(',', '') : text);
  const low = text.toLowerCase();
  if (low.includes('nan')) return Number.NaN;
  if (low.includes('inf')) return low.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text.replaceAll(',', ''));
};

const SCALE: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6 };

/** @param body a message without its prefixes */
export function metricsOf(body: string): Metric[] {
  if (body.length > 8192 || !SUSPECT.test(body)) return [];
  const metrics: Metric[] = [];
  const seen = new Set<string>();
  let from = 0;
  NUMBER.lastIndex = 0;
  for (let found = NUMBER.exec(body); found !== null; found = NUMBER.exec(body)) {
    const start = found.index + found[1]!.length;
    const between = body.slice(Math.max(from, start - 90), start);
    from = start + found[2]!.length;
    NUMBER.lastIndex = from;
    const unit = (found[3] ?? '').trim();
    const label = /\w\/s|s\/it/.test(unit) ? unit : nameIn(between);
    if (label === undefined) continue;
    const kind = kindOf(label);
    if (kind === undefined) continue;
    const name = kind === 'stepTime' && (unit === 'ms' || unit === 's') ? `${label} (${unit})` : label;
    // A rate in seconds per iteration is a time.
    if (seen.has(name)) continue;
    seen.add(name);
    metrics.push({ kind, name, value: value(found[2]!) * (SCALE[unit] ?? 1) });
  }
  return metrics;
}

/** What stood before numbers, with the name that it gave: a trainer's lines are all alike. */
const names = new Map<string, string | undefined>();

function nameIn(between: string): string | undefined {
  const known = names.get(between);
  if (known !== undefined || names.has(between)) return known;
  const name = nameOf(between);
  if (names.size >= 8192) names.clear();
  names.set(between, name);
  return name;
}

/** The words right before a number. */
function nameOf(between: string): string | undefined {
  const found = NAME_FROM.exec(between);
  const name = found?.[1]?.trim().replace(/[:=\s("']+$/, '');
  return name === undefined || name === '' || !SUSPECT.test(name) ? undefined : name;
}
