// Where promotion is certified: the newest look and the figures behind it, in a few lines.
import type { CampaignState } from '../../contracts/record.ts';
import { lookFacts } from '../../policies/look-facts.ts';
import type { Paint } from './paint.ts';
import { clip, columns, padEnd, plain, wrap } from './text.ts';

/** Nothing where rounds are decided by estimates. Before the first look: what version 0 showed when it was measured twice. */
export function renderEvidence({ certified, rounds }: CampaignState, width: number, ink: Paint): string[] {
  if (certified === undefined) return [];
  const last = rounds.findLast((round) => round.look !== undefined);
  if (last?.look === undefined) {
    const { noise, size } = certified;
    return ['', ...wrap(plain(noise.why), width), ...wrap(plain(size), width).map(ink.dim)];
  }
  const facts = lookFacts(last.look, certified.noise).map(({ name, value }) => [plain(name), plain(value)] as const);
  const column = Math.min(Math.max(...facts.map(([name]) => columns(name))), Math.floor(width / 2)) + 2;
  return [
    '',
    ...wrap(`Round ${last.round}: ${plain(last.why)}`, width),
    ...facts.flatMap(([name, value]) => {
      const lines = wrap(value, Math.max(8, width - column));
      return lines.map((line, at) => `${ink.dim(padEnd(at === 0 ? clip(name, column - 2) : '', column))}${line}`);
    }),
  ];
}
