// The W&B adapter against a scripted server: no real one can be had without an account.
import { createTrackers } from '../../infra/trackers/trackers.ts';
import { startScriptedWandb } from '../support/scripted-wandb.ts';
import { type Shown, trackerConformance } from './tracker.ts';

trackerConformance('wandb (scripted server)', async () => {
  const server = await startScriptedWandb();
  const runOf = (id: string) => [...server.runs.values()].find((run) => run.name === id)!;
  return {
    url: server.url,
    tracker: (url, key = server.key) => createTrackers(`wandb+${url}/team/anneal`, { wandbKey: key })[0]!,
    async show({ id }): Promise<Shown> {
      const { history, config, summary, files, state } = runOf(id);
      const lines = history.map((line) => JSON.parse(line!) as Record<string, number>);
      const curves: Record<string, { at: number; value: number }[]> = {};
      for (const [index, { _step, _timestamp, ...values }] of lines.entries()) {
        if (_step !== index) throw new Error(`line ${index} says that it is ${_step}`);
        const at = values['train/step'] ?? values['round/number']!;
        for (const [key, value] of Object.entries(values)) {
          curves[key] ??= [];
          curves[key].push({ at, value });
        }
      }
      return {
        curves,
        parameters: Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, String(value)])),
        summary: JSON.parse(summary) as Shown['summary'],
        files: Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString('utf8')])),
        ending: state,
      };
    },
    count: async (campaign) => [...server.runs.values()].filter((run) => run.displayName === campaign).length,
    async remove({ id }) {
      for (const [key, run] of server.runs) if (run.name === id) server.runs.delete(key);
    },
    endings: { running: 'running', finished: 'finished', failed: 'failed', cancelled: 'killed' },
    keyed: true,
    close: () => server.close(),
  };
});
