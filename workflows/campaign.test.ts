// The campaign's decisions on a real Temporal server, with scripted activities.
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../contracts/gate.ts';
import { play, withTemporal } from '../tests/support/play-campaign.ts';

withTemporal();

describe('campaign', () => {
  test('promotes, opens the sealed split, releases', async () => {
    const { state, told } = await play('better', { passRates: [0.1, 0.3, 0.2] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'open');
      await answer(await gateOpen('release'), 'release');
    });
    expect(state.ending).toBe('released');
    expect(state.rounds.map((r) => r.verdict)).toEqual(['promote', 'hold']);
    expect(state.best).toBe(1);
    expect(told.calls).toContain('publishRelease better.v1');
    expect(told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(2);
    expect(state.gates.map((g) => g.result?.how)).toEqual(['decided', 'decided']);
    expect(told.saved.at(-1)?.ending).toBe('released');
  });

  test('a refusal of the sealed split ends the campaign cleanly', async () => {
    const { state, told } = await play('closed', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(state.ending).toBe('not-opened');
    expect(told.calls).not.toContain('openSealed');
    expect(told.calls.at(-1)).toBe('assembleReport');
  });

  test('a fall reverts, and the next round trains from the best version again', async () => {
    const { state, told } = await play('worse', { passRates: [0.5, 0.2, 0.6] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(state.rounds.map((r) => [r.from, r.to, r.verdict])).toEqual([
      [0, 1, 'revert'],
      [0, 2, 'promote'],
    ]);
    expect(told.calls).toContain('planTraining r2 v0');
  });

  test('with every round reverted version 0 may be looked at, but no release is offered', async () => {
    const { state, told } = await play('reverted', { passRates: [0.5, 0.2, 0.1] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'open');
    });
    expect(state.rounds.map((r) => r.verdict)).toEqual(['revert', 'revert']);
    expect(told.calls).toContain('freezeEvidence reverted.open-sealed-1 recommends keep');
    expect(state.gates.map((gate) => gate.kind)).toEqual(['open-sealed']);
    expect(state.sealed).toBeDefined();
    expect(state.ending).toBe('refused');
  });

  test('invalid, altered and replayed decisions are refused; the gate stays open', async () => {
    const { state } = await play('refuse', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, answer }) => {
      const gate = await gateOpen('open-sealed');
      const forged = answer(gate, 'open', (d) => {
        d.signature = 'forged';
      });
      await expect(forged).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      const shapeless = answer(gate, 'open', (d) => {
        (d as { body: unknown }).body = { option: 'open' };
      });
      await expect(shapeless).rejects.toBeInstanceOf(Error);
      let kept: Decision | undefined;
      await answer(gate, 'keep', (d) => {
        kept = structuredClone(d);
      });
      expect(kept).toBeDefined();
    });
    expect(state.ending).toBe('not-opened');
  });

  test('silence takes the safe option', async () => {
    const { state } = await play('silent', { passRates: [0.1, 0.2, 0.3] }, async () => undefined, {
      spec: { gates: { deadline: '2s', remindAfter: '1s' } },
    });
    expect(state.gates[0]?.result).toMatchObject({ how: 'expired', option: 'keep' });
    expect(state.ending).toBe('not-opened');
  });

  test('cancelling ends cleanly, withdraws the open gate and writes the report', async () => {
    const { state, told } = await play('stop', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, cancel }) => {
      await gateOpen('open-sealed');
      await cancel();
    });
    expect(state.ending).toBe('cancelled');
    expect(told.calls.at(-1)).toBe('assembleReport');
  });

  test.each(['promote', 'hold', 'revert'] as const)(
    'where the rule cannot decide a human does, here: %s',
    async (option) => {
      const { state } = await play(
        `ask-${option}`,
        { passRates: [0.1, 0.2], correctness: [0.9, 0.1] },
        async ({ gateOpen, answer }) => {
          await answer(await gateOpen('promotion'), option);
          await answer(await gateOpen('open-sealed'), 'keep');
        },
        { spec: { rounds: 1, promotion: { minGain: 0, maxDrop: 0.1, maxCorrectnessDrop: 0.5 } } },
      );
      expect(state.rounds[0]).toMatchObject({ verdict: option, why: expect.stringContaining(`chose ${option}`) });
      expect(state.best).toBe(option === 'promote' ? 1 : 0);
      expect(state.latest).toBe(option === 'revert' ? 0 : 1);
    },
  );

  test('a spent budget stops the rounds and says why; the closing gates still open', async () => {
    const { state } = await play(
      'budget',
      { passRates: [0.1, 0.2, 0.3] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { budget: { tokens: 1, wallClock: '1h', sealedOpenings: 1 } } },
    );
    expect(state.rounds).toHaveLength(0);
    expect(state.stoppedBy).toMatch(/token/i);
  });
});
