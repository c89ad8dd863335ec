// MLflow by its REST API. The server names runs itself, so that a run is remembered in the campaign's records, and found by
// its tags where that memory is lost.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { RunCell, TrackedEnding, TrackedPoint, TrackedRun, Tracker, TrackerRun } from '../../contracts/tracker.ts';
import type { TrackerHttp } from './http.ts';

export interface MlflowOptions {
  readonly http: TrackerHttp;
  /** Without a trailing slash. */
  readonly url: string;
  readonly experiment: string;
}

const TAG = { campaign: 'anneal.campaign', spec: 'anneal.spec', points: 'anneal.points' } as const;
/** Of one request, by MLflow's documentation: 1,000 metrics, 100 parameters, 100 tags. */
const METRICS_PER_REQUEST = 1_000;
const PARAMETERS_PER_REQUEST = 100;
const VALUE_LENGTH = 5_000;
const STATUS = {
  running: 'RUNNING',
  finished: 'FINISHED',
  failed: 'FAILED',
  cancelled: 'KILLED',
} as const satisfies Record<TrackedEnding, string>;

const experiment = z.looseObject({
  experiment: z.looseObject({ experiment_id: z.string(), lifecycle_stage: z.string() }),
});
const found = z.looseObject({
  info: z.looseObject({
    run_id: z.string(),
    experiment_id: z.string(),
    artifact_uri: z.string(),
    lifecycle_stage: z.string(),
    start_time: z.coerce.number(),
  }),
  data: z
    .looseObject({
      tags: z.array(z.looseObject({ key: z.string(), value: z.string() })).default([]),
      /** The newest value of each. */
      metrics: z.array(z.looseObject({ key: z.string(), value: z.unknown() })).default([]),
    })
    .prefault({}),
});
type Found = z.infer<typeof found>;
const one = z.looseObject({ run: found });
const many = z.looseObject({ runs: z.array(found).default([]) });
const problem = z.looseObject({ error_code: z.string() });

export function createMlflowTracker({ http, url, experiment: name }: MlflowOptions): Tracker {
  const api = `${url}/api/2.0/mlflow`;
  const ask = async <S extends z.ZodType>(schema: S, path: string, json: unknown): Promise<z.infer<S>> =>
    read(schema, `${api}/${path}`, (await http({ method: 'POST', url: `${api}/${path}`, json })).body);

  async function ensureExperiment(): Promise<string> {
    const query = `${api}/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    const look = await http({ method: 'GET', url: query, accept: [404] });
    if (look.status !== 404) {
      const { experiment_id, lifecycle_stage } = read(experiment, query, look.body).experiment;
      if (lifecycle_stage === 'active') return experiment_id;
      throw new AnnealError('tracker.refused', `the experiment ${name} is deleted; restore it or name another`);
    }
    const made = await http({ method: 'POST', url: `${api}/experiments/create`, json: { name }, accept: [400] });
    if (made.status !== 400) return read(z.looseObject({ experiment_id: z.string() }), api, made.body).experiment_id;
    // Another worker was quicker. Anything else is told by the second look.
    if (problem.safeParse(made.body).data?.error_code !== 'RESOURCE_ALREADY_EXISTS')
      throw new AnnealError(
        'tracker.refused',
        `the experiment ${name} cannot be created: ${JSON.stringify(made.body)}`,
      );
    return read(experiment, query, (await http({ method: 'GET', url: query })).body).experiment.experiment_id;
  }

  async function get(id: string): Promise<Found | undefined> {
    const path = `${api}/runs/get?run_id=${encodeURIComponent(id)}`;
    const { status, body } = await http({ method: 'GET', url: path, accept: [404] });
    if (status === 404) return undefined;
    const { run } = read(one, path, body);
    return run.info.lifecycle_stage === 'active' ? run : undefined;
  }

  /** The oldest with the campaign's tags: a worker that died before it remembered its run has left it. */
  async function search(run: TrackedRun, experimentId: string): Promise<Found | undefined> {
    const { runs } = await ask(many, 'runs/search', {
      experiment_ids: [experimentId],
      filter: `tags.\`${TAG.campaign}\` = '${run.campaign}' and tags.\`${TAG.spec}\` = '${run.specHash}'`,
      run_view_type: 'ACTIVE_ONLY',
      max_results: 100,
    });
    return runs.toSorted((a, b) => a.info.start_time - b.info.start_time || compare(a.info.run_id, b.info.run_id))[0];
  }

  async function ensureRun(run: TrackedRun, cell: RunCell): Promise<Found> {
    const remembered = await cell.read();
    const known = remembered === undefined ? undefined : await get(remembered);
    if (known !== undefined) return known;
    const experimentId = await ensureExperiment();
    const left = await search(run, experimentId);
    const { run: candidate } =
      left === undefined
        ? await ask(one, 'runs/create', {
            experiment_id: experimentId,
            run_name: run.campaign,
            start_time: run.startedAt,
            tags: tagsOf({
              [TAG.campaign]: run.campaign,
              [TAG.spec]: run.specHash,
              'mlflow.user': run.owner,
              'mlflow.source.name': 'anneal',
              'mlflow.note.content': run.description,
            }),
          })
        : { run: left };
    const id = candidate.info.run_id;
    const winner = await cell.replace(remembered, id);
    if (winner === id) return candidate;
    if (left === undefined) await http({ method: 'POST', url: `${api}/runs/delete`, json: { run_id: id } });
    const theirs = await get(winner);
    if (theirs !== undefined) return theirs;
    throw new AnnealError('tracker.unavailable', `the run ${winner} was made and deleted at this moment`);
  }

  return {
    name: `mlflow ${url}, experiment ${name}`,
    async open(run, cell) {
      const { info, data } = await ensureRun(run, cell);
      const logged = Number(data.tags.find((tag) => tag.key === TAG.points)?.value ?? 0);
      const batch = (json: object) => ask(z.unknown(), 'runs/log-batch', { run_id: info.run_id, ...json });
      if (logged === 0) {
        for (const part of chunks(Object.entries(run.parameters), PARAMETERS_PER_REQUEST))
          await toldTwice(() => batch({ params: tagsOf(Object.fromEntries(part)) }));
      }
      return openRun({ http, url, api, info, logged, batch, get });
    },
  };
}

/** Where another worker tells the same at once, MLflow's database refuses one of them; told again, it is what is there already. */
async function toldTwice(tell: () => Promise<unknown>): Promise<void> {
  try {
    await tell();
  } catch (failure) {
    if (!(failure instanceof AnnealError) || failure.code !== 'tracker.refused') throw failure;
    await tell();
  }
}

function openRun(of: {
  http: TrackerHttp;
  url: string;
  api: string;
  info: Found['info'];
  logged: number;
  batch: (json: object) => Promise<unknown>;
  get: (id: string) => Promise<Found | undefined>;
}): TrackerRun {
  const { http, url, api, info, batch, get } = of;
  let { logged } = of;
  return {
    id: info.run_id,
    url: `${url}/#/experiments/${info.experiment_id}/runs/${info.run_id}`,
    get logged() {
      return logged;
    },
    async log(points) {
      const fresh = points.filter((point) => point.index >= logged);
      for (const part of requests(fresh)) {
        // The tag goes with its points and is written after them: it never counts what is not there. Points that come
        // a second time are, by key, step, time and value, the same rows.
        const metrics = part.flatMap(metricsOf);
        await batch({ metrics, tags: tagsOf({ [TAG.points]: String(part.at(-1)!.index + 1) }) });
        logged = part.at(-1)!.index + 1;
      }
    },
    async summarise(values) {
      const texts = Object.entries(values).filter(([, value]) => typeof value === 'string');
      const shown = new Map((await get(info.run_id))?.data.metrics.map(({ key, value }) => [key, value]));
      // Of two values at one time MLflow shows the larger, so that a new value has a new time; an old one is not told again.
      const metrics = Object.entries(values)
        .filter(([key, value]) => typeof value === 'number' && Number.isFinite(value) && shown.get(key) !== value)
        .map(([key, value]) => ({ key, value, step: 0, timestamp: Date.now() }));
      await batch({ metrics, tags: tagsOf(Object.fromEntries(texts) as Record<string, string>) });
    },
    async put({ name, bytes, type }) {
      const root = /^mlflow-artifacts:\/(?:\/[^/]*\/)?(.+)$/.exec(info.artifact_uri)?.[1];
      if (root === undefined) {
        throw new AnnealError(
          'tracker.refused',
          `the server keeps artifacts at ${info.artifact_uri} and does not take them itself: start it with --serve-artifacts`,
        );
      }
      const path = `${root.replace(/^\//, '')}/${name}`.split('/').map(encodeURIComponent).join('/');
      const target = `${url}/api/2.0/mlflow-artifacts/artifacts/${path}`;
      await http({ method: 'PUT', url: target, bytes, headers: { 'content-type': type } });
    },
    async end(ending, at) {
      const json = { run_id: info.run_id, status: STATUS[ending], ...(ending === 'running' ? {} : { end_time: at }) };
      await http({ method: 'POST', url: `${api}/runs/update`, json });
    },
  };
}

function metricsOf({ at, round, axis, time, values }: TrackedPoint) {
  const all = axis === 'step' ? { ...values, 'train/round': round } : values;
  return Object.entries(all)
    .filter(([, value]) => Number.isFinite(value))
    .map(([key, value]) => ({ key, value, step: at, timestamp: time }));
}

/** Whole points, as many as one request takes. */
function requests(points: readonly TrackedPoint[]): TrackedPoint[][] {
  const parts: TrackedPoint[][] = [];
  let size = METRICS_PER_REQUEST;
  for (const point of points) {
    const more = Object.keys(point.values).length + 1;
    if (size + more > METRICS_PER_REQUEST) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(point);
    size += more;
  }
  return parts;
}

const tagsOf = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: value.slice(0, VALUE_LENGTH) }));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}

function read<S extends z.ZodType>(schema: S, url: string, body: unknown): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const text = `${url.split('?', 1)[0]} answered in an unknown form: ${first?.path.join('.')}: ${first?.message}`;
  throw new AnnealError('tracker.refused', text);
}
