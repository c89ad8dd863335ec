// When a campaign opens its servers, moves them to a version, and has them rest, on a real Temporal server with scripted activities.
import { describe, expect, test } from 'vitest';
import { play, withTemporal } from '../tests/support/play-campaign.ts';

withTemporal();

const KUBERNETES = { spec: { compute: 'kubernetes' as const } };
const OF_SERVERS = /^(openServers|servePolicy|restServers|closeServers|planEvaluation|planTraining|runJob)/;
const seen = (calls: readonly string[]): string[] => calls.filter((call) => OF_SERVERS.test(call));

describe('the servers of a campaign', () => {
  test('serve each version before it is asked, and the best one again after a fall', async () => {
    const script = { passRates: [0.5, 0.2, 0.6] };
    const { told } = await play(
      'served',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'open');
        await answer(await gateOpen('release'), 'refuse');
      },
      KUBERNETES,
    );
    expect(seen(told.calls)).toEqual([
      ...['openServers', 'servePolicy v0', 'planEvaluation gate v0'],
      ...['servePolicy v0', 'planTraining r1 v0', 'restServers', 'runJob served-r1-train'],
      ...['servePolicy v1', 'planEvaluation gate v1'],
      // Each round is a run of its own; servers that are there are adopted.
      ...['openServers', 'servePolicy v0', 'planTraining r2 v0', 'restServers', 'runJob served-r2-train'],
      ...['servePolicy v2', 'planEvaluation gate v2'],
      ...['openServers', 'servePolicy v0', 'planEvaluation sealed v0', 'servePolicy v2', 'planEvaluation sealed v2'],
      'closeServers',
    ]);
  });

  test('rest while the trainer has their GPUs, and are opened again before anything is asked', async () => {
    const script = { passRates: [0.1, 0.2], turns: true };
    const { told } = await play(
      'turns',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { ...KUBERNETES.spec, rounds: 1 } },
    );
    const calls = seen(told.calls);
    const from = calls.indexOf('restServers');
    expect(calls.slice(from, from + 4)).toEqual([
      'restServers',
      'runJob turns-r1-train',
      'openServers',
      'servePolicy v1',
    ]);
  });

  test('that were given up stand in the state until a move brings them back, and in the record of their round', async () => {
    const away = { url: 'http://engine-1:8000', why: 'no answer for 60 s: refused' };
    // The second round's candidate does without it; whatever is moved to next has it again.
    const script = { passRates: [0.2, 0.4, 0.6], lost: (version: number) => (version === 2 ? [away] : []) };
    const { told } = await play(
      'without',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      KUBERNETES,
    );
    const last = told.saved.at(-1)!;
    expect(last.rounds.map(({ givenUp }) => givenUp)).toEqual([undefined, [{ policy: 'without.v2', servers: [away] }]]);
    expect(last.givenUp).toEqual({ policy: 'without.v2', servers: [away] });
  });

  test('are nobody’s business on one machine', async () => {
    const { told } = await play('alone', { passRates: [0.1, 0.2] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(told.calls.filter((call) => /Servers|servePolicy/.test(call))).toEqual([]);
  });
});
