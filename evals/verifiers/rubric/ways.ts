// The ways in which a rubric is put to a judge, by the name that a calibration set has for them.
import type { Rubric, RubricAsking } from '../../../contracts/judge.ts';
import type { RubricWay } from './judging.ts';
import { probed } from './probed.ts';
import { plain } from './rubric.ts';

const WAYS = { plain, probed } as const satisfies Record<RubricAsking, RubricWay>;

export const wayOf = (asked: RubricAsking = 'plain'): RubricWay => WAYS[asked];

/** Of what a calibration set calibrates. */
export const calibratedSetup = (of: Pick<Rubric, 'criteria'> & { readonly asked?: RubricAsking | undefined }): string =>
  wayOf(of.asked).setup(of);
