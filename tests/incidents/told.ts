// What became of a planted incident, for the report of all ten: one file each, where ANNEAL_INCIDENTS_REPORT names a folder.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const toldIncident = z.strictObject({
  name: z.string(),
  title: z.string(),
  command: z.string(),
  cause: z.string(),
  confidence: z.number(),
  summary: z.string(),
  /** The line of the log that was taken for the first fault; null: none stands for it alone. */
  firstFault: z.string().nullable(),
  cannotKnow: z.string(),
  by: z.string(),
  /** Whether a human was asked, and why. */
  asked: z.string().nullable(),
  failToPass: z.array(z.string()),
  passToPass: z.int(),
  /** As git shows the commit that landed. */
  patch: z.string(),
  /** From the log that was handed in to the branch that moved; without the time a human takes. */
  seconds: z.number(),
  after: z.string(),
});
export type ToldIncident = z.infer<typeof toldIncident>;

export function tellIncident(told: ToldIncident): void {
  const folder = process.env.ANNEAL_INCIDENTS_REPORT;
  if (folder !== undefined) writeFileSync(join(folder, `${told.name}.json`), JSON.stringify(told));
}

/** In the order of their names. */
export const toldIncidents = (folder: string): ToldIncident[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => toldIncident.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))));

export function reportOf(all: readonly ToldIncident[]): string {
  const rows = all.map(
    ({ name, cause, by, asked, failToPass, seconds, after }) =>
      `| [${name}](#${name}) | \`${cause}\` | ${by} | ${asked === null ? 'nobody' : 'a human'} | ${failToPass.length} | ${seconds.toFixed(0)} s | ${after} |`,
  );
  return `${[
    '# Ten planted bugs',
    '',
    'Each is a small repository whose own tests pass and whose run really fails. Its log was handed in as an incident; what follows is what',
    'happened, as it was written down by the run: `npm run accept -- agents incidents`. A *scripted* model stands in for a coding model in four',
    'of them, and the answers at the gates are the test’s.',
    '',
    '| incident | found cause | mended by | asked | tests that failed and pass now | from log to branch | the run afterwards |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...all.flatMap(sectionOf),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

const sectionOf = (one: ToldIncident): string[] => [
  `## ${one.name}`,
  '',
  `${one.title}: \`${one.command}\`.`,
  '',
  `- **Found**: \`${one.cause}\`, ${Math.round(one.confidence * 100)}% sure. ${one.summary}`,
  ...(one.firstFault === null ? [] : [`- **First fault**: ${asCode(one.firstFault)}`]),
  `- **What the log cannot show**: ${one.cannotKnow}`,
  `- **Tests**: ${one.failToPass.map((test) => `\`${test}\``).join(', ')} failed before and pass; ${one.passToPass} others pass as they did.`,
  `- **Asked**: ${one.asked ?? 'nobody had to be: nothing critical is touched, and a remedy of the library made it.'}`,
  '',
  '```diff',
  one.patch.trimEnd(),
  '```',
  '',
];

const asCode = (text: string): string => (text.includes('`') ? text : `\`${text}\``);
