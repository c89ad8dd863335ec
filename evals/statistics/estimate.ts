// Means and paired differences with intervals, clustered by function family: eight samples of one function are not eight
// independent observations.
import type { Estimate } from '../../contracts/policy-version.ts';
import { createRandom } from '../../policies/random.ts';
import { normalQuantile, sampleQuantile, studentQuantile } from './quantiles.ts';
import { scoreInterval, wilson } from './wilson.ts';

const RESAMPLES = 2_000;

export interface Observation {
  readonly value: number;
  readonly cluster: string;
}

export interface EstimateOptions {
  /** For example 0.95. */
  readonly confidence: number;
  /** Of the bootstrap: the same data and seed give the same interval. */
  readonly seed: number;
}

/**
 * A mean with its interval.
 *
 * Proportions (all values 0 or 1): Wilson's score interval at the effective sample size n/deff, deff being the cluster-robust
 * variance over the binomial one (Kish; Korn and Graubard 1998), and Student's t with clusters − 1 degrees of freedom. Where all
 * values are equal the data say nothing about their spread, and each cluster counts as one observation.
 * Other values: cluster bootstrap (see `bootstrap`).
 * No observations: value 0, interval [0, 1], n 0. One cluster of a proportion: its samples count as one observation.
 */
export function estimateMean(observations: readonly Observation[], options: EstimateOptions): Estimate {
  const clusters = group(observations);
  const size = { n: observations.length, clusters: clusters.length };
  if (size.n === 0) return { value: 0, low: 0, high: 1, ...size };
  const value = observations.reduce((sum, o) => sum + o.value, 0) / size.n;
  if (!observations.every((o) => o.value === 0 || o.value === 1)) {
    return { value, ...bootstrap(clusters, value, observedRange(observations), options), ...size };
  }
  if (size.clusters === 1) return { value, ...wilson(value, 1, options.confidence), ...size };
  const binomial = (value * (1 - value)) / size.n;
  const robust = clusterVariance(clusters, value);
  const effective = binomial === 0 ? size.clusters : Math.min(size.n, (size.n * binomial) / robust);
  const t = studentQuantile(0.5 + options.confidence / 2, size.clusters - 1);
  return { value, ...scoreInterval(value, Math.max(effective, 1), t), ...size };
}

export interface TaskRate {
  readonly task: string;
  readonly cluster: string;
  readonly value: number;
}

/**
 * The mean of `after − before` over the tasks that both have, with its interval. `n` counts such tasks; tasks that only one
 * side has (all their samples were masked) are left out, for a difference to nothing is no difference.
 * Values lie in [0, 1], differences in [−1, 1]. No common task: value 0, interval [−1, 1].
 * @throws RangeError when a side names a task twice
 */
export function estimatePairedDifference(
  after: readonly TaskRate[],
  before: readonly TaskRate[],
  options: EstimateOptions,
): Estimate {
  const earlier = byTask(before);
  const differences = [...byTask(after).values()].flatMap(({ task, cluster, value }) => {
    const other = earlier.get(task);
    return other === undefined ? [] : [{ cluster, value: value - other.value }];
  });
  const clusters = group(differences);
  const size = { n: differences.length, clusters: clusters.length };
  if (size.n === 0) return { value: 0, low: -1, high: 1, ...size };
  const value = differences.reduce((sum, d) => sum + d.value, 0) / size.n;
  return { value, ...bootstrap(clusters, value, { low: -1, high: 1 }, options), ...size };
}

interface Cluster {
  readonly sum: number;
  readonly n: number;
}

/**
 * Percentile cluster bootstrap: clusters are drawn with replacement, the ratio of their sums is the mean (Davison and Hinkley 1997, §3.8).
 *
 * Percentiles are too narrow for few clusters, so deviations are widened by t/z·√(G/(G−1)) (Cameron, Gelbach and Miller 2008 give the
 * factor's reasons). Without any spread between the clusters the half-width is what G equal clusters can rule out: with
 * confidence c, at most a share 1 − ((1 − c)/2)^(1/G) of clusters differ, each by at most the range.
 */
function bootstrap(
  clusters: readonly Cluster[],
  value: number,
  range: { readonly low: number; readonly high: number },
  { confidence, seed }: EstimateOptions,
): { low: number; high: number } {
  const count = clusters.length;
  const alpha = (1 - confidence) / 2;
  const clamp = (x: number) => Math.min(range.high, Math.max(range.low, x));
  if (count < 2 || clusters.every(({ sum, n }) => Math.abs(sum / n - value) < 1e-12)) {
    const share = 1 - alpha ** (1 / count);
    return { low: value - share * (value - range.low), high: value + share * (range.high - value) };
  }
  const random = createRandom('bootstrap', seed);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample += 1) {
    let sum = 0;
    let n = 0;
    for (let draw = 0; draw < count; draw += 1) {
      const cluster = clusters[random.below(count)]!;
      sum += cluster.sum;
      n += cluster.n;
    }
    means[resample] = sum / n;
  }
  means.sort();
  const widen = (studentQuantile(1 - alpha, count - 1) / normalQuantile(1 - alpha)) * Math.sqrt(count / (count - 1));
  return {
    low: Math.min(value, clamp(value + widen * (sampleQuantile(means, alpha) - value))),
    high: Math.max(value, clamp(value + widen * (sampleQuantile(means, 1 - alpha) - value))),
  };
}

/** Variance of the ratio mean, between clusters: G/(G−1) · Σ(s_g − n_g·mean)² / n² (Liang and Zeger 1986, intercept only). */
function clusterVariance(clusters: readonly Cluster[], mean: number): number {
  const n = clusters.reduce((sum, cluster) => sum + cluster.n, 0);
  const squares = clusters.reduce((sum, cluster) => sum + (cluster.sum - cluster.n * mean) ** 2, 0);
  return (clusters.length / (clusters.length - 1)) * (squares / n ** 2);
}

/** Sorted by name: the order of the observations must not change which clusters a seed draws. */
function group(observations: readonly Observation[]): Cluster[] {
  const found = new Map<string, { sum: number; n: number }>();
  for (const { cluster, value } of observations) {
    const known = found.get(cluster) ?? { sum: 0, n: 0 };
    found.set(cluster, { sum: known.sum + value, n: known.n + 1 });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cluster]) => cluster);
}

function observedRange(observations: readonly Observation[]): { low: number; high: number } {
  const values = observations.map((o) => o.value);
  return { low: Math.min(0, ...values), high: Math.max(1, ...values) };
}

function byTask(rates: readonly TaskRate[]): Map<string, TaskRate> {
  const found = new Map(rates.map((rate) => [rate.task, rate]));
  if (found.size !== rates.length) throw new RangeError('a task is named twice');
  return found;
}
