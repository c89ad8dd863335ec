// The one JSON document that `quickstart --json` prints.
import type { Estimate } from '../contracts/policy-version.ts';
import type { ReportData } from '../contracts/record.ts';

const ci = (estimate: Estimate): [number, number] => [estimate.low, estimate.high];

/**
 * `ci` is the interval of the figure beside it, except in `sealed`, where it is that of the paired gain of `after` over `before`
 * (null if none was computed): the question there is whether the difference is more than chance. `rounds` holds every round.
 */
export function quickstartDocument(data: ReportData, report: string) {
  const { state, conservation } = data;
  const { prompts, trained, masked, cancelled, balanced } = conservation;
  return {
    campaign: state.campaign,
    ending: state.ending,
    rounds: state.rounds.map((r) => ({
      round: r.round,
      verdict: r.verdict,
      visible: { passRate: r.visible.passRate.value, ci: ci(r.visible.passRate) },
      gate: { passRate: r.gate.passRate.value, formatRate: r.gate.formatRate.value, ci: ci(r.gate.passRate) },
      tokens: r.tokens,
      seconds: r.seconds,
    })),
    baseline: state.baseline && {
      passRate: state.baseline.passRate.value,
      formatRate: state.baseline.formatRate.value,
      ci: ci(state.baseline.passRate),
    },
    sealed: state.sealed
      ? {
          before: state.sealed.before.passRate.value,
          after: state.sealed.after.passRate.value,
          ci: state.sealed.after.gain ? ci(state.sealed.after.gain) : null,
        }
      : null,
    conservation: { prompts, trained, masked, cancelled, balanced },
    gates: state.gates.map((gate) => ({
      gate: gate.gate,
      option: gate.result?.option ?? null,
      approver: gate.result?.how === 'decided' ? gate.result.decision.body.approver : null,
      unattended: gate.result?.how === 'decided' ? gate.result.decision.body.unattended : null,
      selfApproved: gate.result?.how === 'decided' ? gate.result.selfApproved : null,
    })),
    release: state.release?.sha256 ?? null,
    report,
    stages: state.stages,
  };
}
