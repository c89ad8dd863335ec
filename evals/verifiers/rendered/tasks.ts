// Which tasks are judged by how they look, and so only where a browser is.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import type { Browser } from '../../../contracts/browser.ts';
import type { ArtifactFormat } from '../../../contracts/judgement.ts';

const ALWAYS: ReadonlySet<ArtifactFormat> = new Set(['web-page', 'slides']);
/** A document's rules can be all that is asked of it, unless it is handed in as a page. */
const unrendered = z.looseObject({ rendered: z.literal(false), as: z.enum(['markdown', 'docx']) });

export const isShown = ({ format, check }: Pick<ArtifactTask, 'format' | 'check'>): boolean =>
  ALWAYS.has(format) || (format === 'document' && !unrendered.safeParse(check).success);

/** @returns undefined where it can be judged; else why not, in words that go behind the task's id */
export const whyNotShown = (
  task: Pick<ArtifactTask, 'format' | 'check'>,
  browser: Browser | null,
): string | undefined =>
  browser === null && isShown(task)
    ? `is a ${task.format} and judged in a browser, which there is only where sandboxes are this machine’s own (ANNEAL_SANDBOX=pods has none)`
    : undefined;
