// The task set: what was considered, what was kept, why the rest was not.
import type { DroppedTask } from '../../contracts/task.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { term } from './terms.ts';
import { type ReportView, shortHash } from './view.ts';

export function tasks({ lock }: ReportView): Html {
  const body = lock === undefined ? html`<p>No task set was locked.</p>` : locked(lock);
  return html`<section id="tasks" aria-labelledby="h-tasks"><h2 id="h-tasks">Task set</h2>${body}</section>`;
}

type Lock = NonNullable<ReportView['lock']>;

function locked(lock: Lock): Html {
  const unit = lock.schema === 'anneal/task-set/v1' ? 'functions' : 'families';
  const splits = (['visible', 'gate', 'sealed'] as const).map((name) => {
    const one = lock.splits[name];
    return [name, grouped(one.tasks), grouped(one.families.length), shortHash(one.root)];
  });
  return html`<p class="lead">${grouped(lock.kept)} of ${grouped(lock.considered)} candidate tasks were kept: the reference solution passes, an empty one and random answers do not, and repeated runs agree. ${unit === 'functions' ? 'Functions' : 'Families'}, not tasks, are divided among the splits, so that no split holds a ${unit === 'functions' ? 'rewording' : 'variant'} of another’s.</p>
${dataTable('Splits', ['split', 'tasks', unit, 'root'], splits)}
${lock.schema === 'anneal/task-set/v1' ? dropped(lock.dropped) : droppedBySteps(lock.dropped)}
<p class="note">Source ${sourceOf(lock)}, seed ${lock.seed}. ${term('lock root', 'Lock root')}: <code class="hash">${lock.root}</code></p>`;
}

const sourceOf = (lock: Lock): string =>
  lock.schema === 'anneal/task-set/v1' ? `${lock.source}, Python ${lock.python}` : lock.source.kind;

/** The reasons stand in the lineage, one record a task. */
function droppedBySteps(steps: Readonly<Record<string, number>>): Html {
  const rows = Object.entries(steps)
    .filter(([, count]) => count > 0)
    .map(([step, count]) => [step, grouped(count)]);
  if (rows.length === 0) return html`<p>No candidate was dropped.</p>`;
  return dataTable('Dropped candidates', ['step', 'tasks'], rows);
}

function dropped(all: readonly DroppedTask[]): Html {
  if (all.length === 0) return html`<p>No candidate was dropped.</p>`;
  const byReason = new Map<string, string[]>();
  for (const { id, reason } of all) byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
  const rows = [...byReason]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([reason, ids]) => [reason, grouped(ids.length), examples(ids)]);
  return dataTable('Dropped candidates', ['reason', 'tasks', 'which'], rows, { numeric: false });
}

const FEW = 3;

function examples(ids: readonly string[]): Html {
  const code = (id: string): Html => html`<code>${id}</code> `;
  if (ids.length <= FEW) return html`${ids.map(code)}`;
  return html`<details><summary><code>${ids[0] ?? ''}</code> and ${ids.length - 1} more</summary>${ids.slice(1).map(code)}</details>`;
}
