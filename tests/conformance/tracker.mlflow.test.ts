// The MLflow adapter against a real MLflow server.
import { describe } from 'vitest';
import { z } from 'zod';
import type { TrackerRun } from '../../contracts/tracker.ts';
import { createTrackers } from '../../infra/trackers/trackers.ts';
import { mlflowPython, startMlflow } from '../support/mlflow-server.ts';
import { type Shown, trackerConformance } from './tracker.ts';

const pair = z.looseObject({ key: z.string(), value: z.string() });
const run = z.looseObject({
  run: z.looseObject({
    info: z.looseObject({ status: z.string(), artifact_uri: z.string() }),
    data: z.looseObject({
      metrics: z.array(z.looseObject({ key: z.string(), value: z.number() })).default([]),
      params: z.array(pair).default([]),
      tags: z.array(pair).default([]),
    }),
  }),
});
const history = z.looseObject({
  metrics: z.array(z.looseObject({ step: z.coerce.number(), value: z.number() })).default([]),
  next_page_token: z.string().optional(),
});
const listing = z.looseObject({
  files: z.array(z.looseObject({ path: z.string(), is_dir: z.boolean() })).default([]),
});
const object = (pairs: readonly { key: string; value: string }[]) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

const reason = mlflowPython() === undefined ? ' (skipped: node tests/support/mlflow-server.ts install)' : '';
describe.skipIf(reason !== '')(`on a real MLflow server${reason}`, () => {
  trackerConformance('mlflow', async () => {
    const server = await startMlflow();
    const api = `${server.url}/api/2.0/mlflow`;
    const get = async (path: string, query: Record<string, string>): Promise<unknown> => {
      const answer = await fetch(`${api}/${path}?${new URLSearchParams(query)}`);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
    const post = async (path: string, body: object): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${api}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };

    async function curve(run_id: string, metric_key: string): Promise<{ at: number; value: number }[]> {
      const points: { at: number; value: number }[] = [];
      let page_token: string | undefined;
      do {
        const query = { run_id, metric_key, max_results: '1000', ...(page_token === undefined ? {} : { page_token }) };
        const page = history.parse(await get('metrics/get-history', query));
        points.push(...page.metrics.map(({ step, value }) => ({ at: step, value })));
        page_token = page.next_page_token || undefined;
      } while (page_token !== undefined);
      return points.sort((a, b) => a.at - b.at);
    }

    async function files(run_id: string, root: string, path = ''): Promise<[string, string][]> {
      const query = { run_id, ...(path === '' ? {} : { path }) };
      const found = listing.parse(await get('artifacts/list', query)).files;
      const each = await Promise.all(
        found.map(async (one): Promise<[string, string][]> => {
          if (one.is_dir) return files(run_id, root, one.path);
          const answer = await fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/${root}/${one.path}`);
          return [[one.path, await answer.text()]];
        }),
      );
      return each.flat();
    }

    return {
      url: server.url,
      tracker: (url) => createTrackers(`mlflow+${url}/conformance`)[0]!,
      async show({ id }: TrackerRun): Promise<Shown> {
        const { info, data } = run.parse(await get('runs/get', { run_id: id })).run;
        const keys = data.metrics.map(({ key }) => key);
        const curves = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await curve(id, key)])));
        const root = info.artifact_uri.replace(/^mlflow-artifacts:\//, '');
        return {
          curves,
          parameters: object(data.params),
          summary: { ...object(data.tags), ...Object.fromEntries(data.metrics.map(({ key, value }) => [key, value])) },
          files: Object.fromEntries(await files(id, root)),
          ending: info.status,
        };
      },
      async count(campaign) {
        const { experiment } = (await get('experiments/get-by-name', { experiment_name: 'conformance' })) as {
          experiment: { experiment_id: string };
        };
        const filter = `tags.\`anneal.campaign\` = '${campaign}'`;
        const asked = { experiment_ids: [experiment.experiment_id], filter, run_view_type: 'ACTIVE_ONLY' };
        return ((await post('runs/search', asked)) as { runs?: unknown[] }).runs?.length ?? 0;
      },
      remove: async ({ id }) => void (await post('runs/delete', { run_id: id })),
      endings: { running: 'RUNNING', finished: 'FINISHED', failed: 'FAILED', cancelled: 'KILLED' },
      keyed: false,
      close: () => server.stop(),
    };
  });
});
