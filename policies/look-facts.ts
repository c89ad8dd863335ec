// A look's figures as facts: the same words at a gate, in the terminal and in the report.
import type { Look, NoiseFloor } from '../contracts/certified.ts';
import { chance, gained, percent, points } from './wording.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
}

const FINDINGS: Readonly<Record<Look['slices'][number]['finding'], string>> = {
  lost: 'lost',
  flagged: 'fell at an earlier look',
  large: 'too few families to tell chance from loss',
};

/** Beside the verdict's own sentence. */
export function lookFacts(look: Look, noise: NoiseFloor): Fact[] {
  const { gap } = look;
  return [
    { name: 'look', value: `${look.look}, which may spend ${chance(look.alpha)}; all so far ${chance(look.spent)}` },
    { name: 'chance alone', value: `p = ${chance(look.p)} by the test of signs` },
    { name: 'e-value', value: Math.exp(look.logE).toPrecision(3) },
    { name: 'noise floor', value: points(noise.floor) },
    ...(gap === undefined
      ? []
      : [
          {
            name: 'visible gap',
            value: `${gained(gap.value)} (${points(gap.low)} to ${points(gap.high)})${gap.frozen ? ', promotion is frozen' : ''}`,
          },
        ]),
    ...look.slices.map(({ capability, finding, before, after }) => ({
      name: `in doubt: ${capability}`,
      value: `${percent(after)} against ${percent(before)} of version 0, ${FINDINGS[finding]}`,
    })),
  ];
}
