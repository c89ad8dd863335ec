// What `pool ls` and `pool verify` say of segments that are gone from the store: which, why, and what to do.

import { grouped } from '../../infra/markup/figures.ts';
import type { MissingFromStore, PoolLosses } from '../pool/losses.ts';
import { lossOf } from './pool.ts';

/** More are in the document that --json prints. */
const SHOWN = 20;

/** Nothing where all is there. */
export function renderLosses({ missing, rollouts }: PoolLosses): string[] {
  const lines = missing
    .slice(0, SHOWN)
    .map((gap) => `Missing from the store: ${lossOf(gap)}, ${WHY[gap.reason]}. ${remedyOf(gap)}.`);
  if (missing.length > SHOWN) lines.push(`… ${grouped(missing.length)} in all (--json prints them)`);
  const [first, ...others] = rollouts;
  if (first !== undefined) {
    const whose = others.length === 0 ? `${first} may` : `${grouped(rollouts.length)} rollouts, first ${first}, may`;
    lines.push(`${whose} have lost records with a volume: what misses some is records_lost in the report.`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

const WHY: Readonly<Record<MissingFromStore['reason'], string>> = {
  volume_vanished: "lost with a gateway's volume",
  unexplained: 'and nobody said that it was lost',
};

function remedyOf({ reason, stream, givenUp }: MissingFromStore): string {
  if (givenUp) return 'It was given up: nothing is left to do, and one that turns up is still taken in';
  const goOn = './anneal pool compact --past-losses goes on after it';
  if (reason === 'volume_vanished')
    return stream === 'operations' ? 'Nothing waits for it' : `Nothing brings it back: ${goOn}`;
  const back = "Bring it back from a backup of the store, or from the gateway's folder";
  return stream === 'operations' ? back : `${back}; if it is gone for good, ${goOn}`;
}
