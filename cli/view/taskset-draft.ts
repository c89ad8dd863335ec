// A proposed set as a terminal shows it to whoever decides on it.
import type { Candidate } from '../../agents/data-builder/candidates.ts';
import type { Proposed } from '../../agents/data-builder/propose.ts';
import type { Trial } from '../../evals/construction/try-source.ts';
import { table } from './table.ts';
import { plain, wrap } from './text.ts';

export function renderDraft(
  file: string,
  { proposed, candidates, trials }: { proposed: Proposed; candidates: readonly Candidate[]; trials: readonly Trial[] },
  { width }: { readonly width: number },
): string[] {
  const { proposal, candidate, by, note } = proposed;
  const certified = trials.filter(({ refused }) => refused.length === 0).length;
  const rows = trials.map(({ id, verifier, refused }) => [
    plain(id),
    verifier ?? '',
    refused.length === 0 ? 'certified' : plain(refused.join('; ')),
  ]);
  const who = by === null ? 'no model was asked' : `${by.scripted ? 'scripted model' : 'model'} ${by.model}`;
  return [
    `${file} is proposed and valid: ${candidate.source.kind}, ${candidate.what}.`,
    ...wrap(`Chosen among ${candidates.length} (${who}): ${plain(proposal.why)}`, width),
    ...(note === undefined ? [] : wrap(plain(note), width)),
    ...candidates.flatMap(({ source, lacks }) =>
      lacks === undefined ? [] : wrap(`Not considered, ${source.kind}: it lacks ${lacks}`, width),
    ),
    '',
    `Tried: ${certified} of ${trials.length} tasks are certified.`,
    ...table([{ title: 'task' }, { title: 'verifier', drop: 1 }, { title: 'what' }], rows, { width }),
    '',
    `Nothing was locked. Look at the file, then: ./anneal taskset build ${file}`,
  ];
}
