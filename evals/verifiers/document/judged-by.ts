// Who judges what no rule of a spec says: a model by a rubric, or nobody. A task has to say so itself, and its evidence repeats it.
import { z } from 'zod';
import type { Rubric } from '../../../contracts/judge.ts';
import type { ContentSpec } from './spec.ts';

/** Of checks from version 4 on. True: nobody reads the prose, and whatever keeps the rules is rewarded. */
export const judgedByRulesAlone = z.boolean().default(false);

interface Judging {
  readonly rubric: Rubric | null;
  readonly content: ContentSpec;
  readonly judgedByRulesAlone?: boolean | undefined;
}

export const contradictsItself = ({ rubric, judgedByRulesAlone: alone }: Judging): boolean =>
  rubric !== null && alone === true;
export const CONTRADICTION = 'a rubric is judged by a model: judgedByRulesAlone cannot be true beside one';

/** Why a task may not be asked as its check stands. */
export function unjudged({ rubric, content, judgedByRulesAlone: alone }: Judging): string[] {
  if (rubric !== null) return [];
  if (alone !== true)
    return ['check: nobody judges its prose: it needs a rubric, or says judgedByRulesAlone: true (from version 4 on)'];
  return content.tables.flatMap(({ columns, data }) =>
    data === undefined
      ? [`check: nobody looks at what stands in the table of ${columns.join(', ')}: it needs data`]
      : [],
  );
}

/** For the record of a judgement. */
export const judgedBy = ({ rubric }: Pick<Judging, 'rubric'>): string =>
  rubric === null ? 'rules alone' : 'rules and a rubric';
export const specHolds = (check: Judging): string =>
  check.judgedByRulesAlone === true
    ? 'every gate of the spec holds; nobody judged the prose'
    : 'every gate of the spec holds';
