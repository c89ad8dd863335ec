// Task sets as a person reads them: what was kept of each source, what was dropped in which step and why, what differs.
import type { ArtifactSetLock, Lineage } from '../../contracts/artifact-set.ts';
import type { Certificate } from '../../evals/construction/certify-artifact.ts';
import type { SetDifference } from '../../evals/construction/compare-sets.ts';
import { table } from './table.ts';
import { plain } from './text.ts';

/** More are in the lineage, which --json prints. */
const SHOWN = 40;

interface Wide {
  readonly width: number;
}

export function renderBuilt(lock: ArtifactSetLock, { records }: Lineage, { width }: Wide): string[] {
  const { splits, kept, considered, licences, source } = lock;
  const counts = `${splits.visible.tasks} visible, ${splits.gate.tasks} gate, ${splits.sealed.tasks} sealed`;
  const steps = Object.entries(lock.dropped).filter(([, count]) => count > 0);
  const rows = records.slice(0, SHOWN).map(({ id, outcome, notes = [] }) =>
    // Which tasks are sealed is nobody's business before their gate.
    outcome.what === 'kept'
      ? [id, 'kept', plain([...(outcome.split === 'sealed' ? [] : [outcome.split]), ...notes].join('; '))]
      : [id, outcome.step, plain(outcome.why.join('; '))],
  );
  return [
    `${lock.name}, from ${source.kind}: ${kept} of ${considered} kept (${counts}).`,
    ...(steps.length === 0 ? [] : [`Dropped: ${steps.map(([step, count]) => `${count} by ${step}`).join(', ')}.`]),
    `Licences: ${licences.join(', ')}.`,
    '',
    ...table([{ title: 'task' }, { title: 'what' }, { title: 'split, or why' }], rows, { width }),
    ...(records.length > SHOWN ? [`… and ${records.length - SHOWN} more (--json prints all)`] : []),
    '',
    `Root ${lock.root}`,
  ];
}

export function renderCertificates(lock: ArtifactSetLock, all: readonly Certificate[], { width }: Wide): string[] {
  const refused = all.filter((one) => !one.kept);
  const rows = refused.map(({ task, reasons }) => [task, plain(reasons.join('; '))]);
  return [
    `${lock.name}: ${all.length - refused.length} of ${all.length} tasks hold; ${lock.splits.sealed.tasks} sealed ones were not looked at.`,
    ...(rows.length === 0 ? [] : ['', ...table([{ title: 'task' }, { title: 'why not' }], rows, { width })]),
  ];
}

export function renderDifference(difference: SetDifference, { width }: Wide): string[] {
  if (difference.same) return ['The same set: one root.'];
  const { added, removed, moved, changed, splits } = difference;
  const rows = [
    ...added.map(({ id, split }) => [id, 'added', split]),
    ...removed.map(({ id, split }) => [id, 'removed', split]),
    ...moved.map(({ id, from, to }) => [id, 'moved', `${from} → ${to}`]),
    ...changed.map(({ id, fields }) => [id, 'changed', fields.join(', ')]),
  ];
  return [
    ...splits.map(({ split, before, after }) => `${split}: another root, ${before} tasks before, ${after} after.`),
    ...(rows.length === 0
      ? []
      : ['', ...table([{ title: 'task' }, { title: 'what' }, { title: 'where' }], rows, { width })]),
  ];
}
