// Weights & Biases, or a server of the same API: runs by GraphQL, curves by the file stream. A run is named by us, and a line
// of a curve by its number, so that telling twice is telling once.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { TrackedEnding, TrackedPoint, TrackedRun, Tracker, TrackerRun } from '../../contracts/tracker.ts';
import { saidIn, type TrackerHttp } from './http.ts';

export interface WandbOptions {
  readonly http: TrackerHttp;
  /** The API's address, without a trailing slash. */
  readonly url: string;
  readonly entity: string;
  readonly project: string;
}

const LINES_PER_REQUEST = 500;
const EXIT = { finished: 0, failed: 1, cancelled: 255 } as const satisfies Record<
  Exclude<TrackedEnding, 'running'>,
  number
>;

const UPSERT = `mutation UpsertBucket($name: String, $project: String, $entity: String, $displayName: String, $notes: String, $config: JSONString, $jobType: String, $groupName: String, $tags: [String!]) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, displayName: $displayName, notes: $notes, config: $config, jobType: $jobType, groupName: $groupName, tags: $tags}) {
    bucket { id name historyLineCount project { name entity { name } } }
    inserted
  }
}`;
const RESUME = `query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) { id name historyLineCount summaryMetrics }
  }
}`;
const CREATE_FILES = `mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID
    uploadHeaders
    files { name uploadUrl }
  }
}`;

const bucket = z.looseObject({ historyLineCount: z.int().nullish(), summaryMetrics: z.string().nullish() });
const upserted = z.looseObject({ upsertBucket: z.looseObject({ bucket }) });
const resumed = z.looseObject({ model: z.looseObject({ bucket: bucket.nullish() }).nullish() });
const files = z.looseObject({
  createRunFiles: z.looseObject({
    uploadHeaders: z.array(z.string()).nullish(),
    files: z.array(z.looseObject({ name: z.string(), uploadUrl: z.string() })).min(1),
  }),
});

export function createWandbTracker(options: WandbOptions): Tracker {
  const { url, entity, project } = options;
  const place = { entity, project };
  const ask = asking(options);
  return {
    name: `wandb ${url}, ${entity}/${project}`,
    // The memory is not needed: the id follows from the campaign.
    async open(run) {
      const name = runName(run);
      // A look first: an upsert would undo what somebody has renamed, tagged or noted there.
      const { model } = await ask(resumed, 'RunResumeStatus', RESUME, { ...place, name });
      const known =
        model?.bucket ??
        (
          await ask(upserted, 'UpsertBucket', UPSERT, {
            ...place,
            name,
            displayName: run.campaign,
            notes: run.description,
            config: configOf(run),
            jobType: 'campaign',
            groupName: run.campaign,
            tags: ['anneal', `owner:${run.owner}`.slice(0, 64)],
          })
        ).upsertBucket.bucket;
      return openRun(options, name, known.historyLineCount ?? 0, parseSummary(known.summaryMetrics));
    },
  };
}

/** W&B takes 128 characters of a narrow alphabet; the hash tells campaigns of one name apart. */
export const runName = ({ campaign, specHash }: Pick<TrackedRun, 'campaign' | 'specHash'>): string =>
  `${campaign}-${specHash.slice(0, 16)}`;

function openRun(options: WandbOptions, run: string, held: number, before: Record<string, unknown>): TrackerRun {
  const { http, url, entity, project } = options;
  const ask = asking(options);
  const stream = `${url}/files/${[entity, project, run].map(encodeURIComponent).join('/')}/file_stream`;
  const send = (json: object) => http({ method: 'POST', url: stream, json });
  let logged = held;
  let summary = before;
  return {
    id: run,
    url: `${appOf(url)}/${entity}/${project}/runs/${run}`,
    get logged() {
      return logged;
    },
    async log(points) {
      const fresh = points.filter((point) => point.index >= logged);
      for (let at = 0; at < fresh.length; at += LINES_PER_REQUEST) {
        const part = fresh.slice(at, at + LINES_PER_REQUEST);
        const offset = part[0]!.index;
        await send({ files: { 'wandb-history.jsonl': { offset, content: part.map(lineOf) } } });
        logged = offset + part.length;
      }
    },
    async summarise(values) {
      // The file stream replaces the summary as a whole.
      summary = { ...summary, ...values };
      await send({ files: { 'wandb-summary.json': { offset: 0, content: [JSON.stringify(summary)] } } });
    },
    async put({ name, bytes, type }) {
      const asked = { entity, project, run, files: [name] };
      const { createRunFiles } = await ask(files, 'CreateRunFiles', CREATE_FILES, asked);
      const headers = (createRunFiles.uploadHeaders ?? []).map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()] as const;
      });
      const target = new URL(createRunFiles.files[0]!.uploadUrl, `${url}/`).href;
      const all = { 'content-type': type, ...Object.fromEntries(headers) };
      await http({ method: 'PUT', url: target, bytes, headers: all });
      await send({ uploaded: [name] });
    },
    async end(ending) {
      if (ending === 'running') return;
      await send({ complete: true, exitcode: EXIT[ending] });
    },
  };
}

function asking({ http, url }: WandbOptions) {
  return async <S extends z.ZodType>(
    schema: S,
    operationName: string,
    query: string,
    variables: object,
  ): Promise<z.infer<S>> => {
    const json = { operationName, query, variables };
    const { body } = await http({ method: 'POST', url: `${url}/graphql`, json });
    // GraphQL says that it refused with status 200.
    const { data, errors } = (body ?? {}) as { data?: unknown; errors?: unknown };
    const parsed = schema.safeParse(data);
    if (parsed.success && !(Array.isArray(errors) && errors.length > 0)) return parsed.data;
    const why =
      saidIn(body) ?? (parsed.success ? 'an error' : `in an unknown form: ${parsed.error.issues[0]?.message}`);
    throw new AnnealError('tracker.refused', `${operationName} at ${url} answered ${why}`);
  };
}

/** Its number, its time and its curves' own axes, which W&B can draw over. */
function lineOf({ index, time, axis, at, round, values }: TrackedPoint): string {
  const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  const axes = axis === 'step' ? { 'train/step': at, 'train/round': round } : { 'round/number': at };
  return JSON.stringify({ ...Object.fromEntries(finite), ...axes, _step: index, _timestamp: time / 1000 });
}

function configOf({ parameters, specHash }: TrackedRun): string {
  const all = { ...parameters, 'anneal.spec': specHash };
  return JSON.stringify(Object.fromEntries(Object.entries(all).map(([key, value]) => [key, { value }])));
}

function parseSummary(text: string | null | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** W&B's cloud shows runs at another address than its API's. */
const appOf = (url: string): string => url.replace(/^https:\/\/api\.wandb\.ai$/, 'https://wandb.ai');
