// What is printed once: a campaign's last words, and its progress where no terminal is attached.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { CampaignState, CampaignStatus, StageTime } from '../../contracts/record.ts';
import { count, percent, span, wholePercent } from '../../infra/markup/figures.ts';
import { givenUpSentence } from '../../policies/given-up.ts';
import { type Result, resultOf } from '../report/result.ts';
import { bar } from './bars.ts';
import type { ViewOptions } from './gate.ts';
import { paint } from './paint.ts';
import { currentRound } from './round.ts';
import { clip, columns, padEnd, padStart, plain, wrap } from './text.ts';
import { STAGE_WORDS } from './watch.ts';

export interface FinalOptions extends ViewOptions {
  readonly spec?: CampaignSpec | undefined;
  readonly reportPath?: string | undefined;
  /** What the release exported, or why there is none. */
  readonly releaseLine?: string | undefined;
}

/** The end of a campaign: the result first, then where to look, then where the time went. */
export function renderFinal(state: CampaignState, options: FinalOptions): string[] {
  const { width } = options;
  const ink = paint(options.colour);
  const result: Result = resultOf(state, options.spec?.evaluation.confidence);
  const tone = { better: ink.green, unclear: ink.yellow, worse: ink.red, none: ink.yellow }[result.tone];
  const lines = wrap(plain(result.sentence), width).map((line) => ink.bold(tone(line)));
  for (const note of result.notes) lines.push(...wrap(plain(note), width));
  const where: [string, string][] = [];
  if (options.releaseLine !== undefined) where.push(['release', options.releaseLine]);
  if (options.reportPath !== undefined) where.push(['report', options.reportPath]);
  where.push([
    'spent',
    `${count(state.tokens)} tokens, ${span(state.stages.reduce((sum, one) => sum + one.seconds, 0))}`,
  ]);
  lines.push('');
  // Paths are for copying, hence never cut.
  for (const [name, value] of where) lines.push(`${ink.dim(padEnd(name, 9))}${plain(value)}`);
  return [...lines, '', ...renderStages(state.stages, options)];
}

/** Seconds by stage, summed over rounds, in the order in which stages first ran. */
export function sumStages(stages: readonly StageTime[]): { stage: string; seconds: number; times: number }[] {
  const sums = new Map<string, { stage: string; seconds: number; times: number }>();
  for (const { stage, seconds } of stages) {
    const sum = sums.get(stage) ?? { stage, seconds: 0, times: 0 };
    sum.seconds += seconds;
    sum.times += 1;
    sums.set(stage, sum);
  }
  return [...sums.values()];
}

export function renderStages(stages: readonly StageTime[], { width, colour }: ViewOptions): string[] {
  const ink = paint(colour);
  const sums = sumStages(stages);
  const total = sums.reduce((sum, one) => sum + one.seconds, 0);
  const name = Math.max(...sums.map((one) => columns(plain(one.stage))), 5);
  return sums.map((one) => {
    const time = padStart(span(one.seconds), 8);
    const share = total === 0 ? 0 : one.seconds / total;
    const drawn = bar(share, Math.max(8, Math.min(32, width - name - 20)));
    const text = `${padEnd(plain(one.stage), name)}  ${time}  ${ink.cyan(drawn.full)}${' '.repeat(drawn.empty.length)} ${padStart(wholePercent(share), 4)}`;
    return clip(text, width);
  });
}

/** One line for logs and pipes; without colour, without width: print it when it differs from the last. */
export function renderProgressLine(status: CampaignStatus, spec?: CampaignSpec): string {
  const { state, stage, progress, openGate, waitingFor, error } = status;
  const round = currentRound(status);
  const parts = [plain(state.campaign)];
  if (round > 0) parts.push(`round ${round}${spec === undefined ? '' : `/${spec.rounds}`}`);
  parts.push(stage === 'ended' ? `ended: ${state.ending}` : STAGE_WORDS[stage]);
  if (progress !== undefined && progress.total > 0)
    parts.push(`${progress.done}/${progress.total} ${plain(progress.unit)}`);
  const last = state.rounds.at(-1);
  if (last !== undefined) parts.push(`last verdict ${last.verdict}, gate ${percent(last.gate.passRate.value)}`);
  if (openGate !== undefined) parts.push(`answer with: ./anneal decide ${plain(openGate.gate)} OPTION --reason "…"`);
  else if (waitingFor !== undefined) parts.push(`waits for ${plain(waitingFor)}`);
  if (state.givenUp !== undefined) parts.push(plain(givenUpSentence(state.givenUp)));
  if (error !== undefined) parts.push(`${plain(error.code)}: ${plain(error.message)}`);
  return parts.join(' · ');
}
