// A ticket as a Markdown file: front matter in YAML between two lines of ---, and below it what is wanted. Pure.
import { isAlias, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { repositoryName } from '../../contracts/change.ts';
import { type TicketDraft, ticketDraft } from '../../contracts/ticket.ts';

export const MOST_TICKET_BYTES = 64 * 1_024;
const FRONT = /^---\n([\s\S]*?)\n---(?:\n|$)/;

const front = ticketDraft.omit({ text: true, origin: true }).partial({ repository: true });

export type ReadTicket = { readonly draft: TicketDraft } | { readonly why: string };

/** @param repository where its front matter names none */
export function readTicket(path: string, bytes: Uint8Array, repository?: string): ReadTicket {
  if (bytes.length > MOST_TICKET_BYTES)
    return { why: `it has ${bytes.length} bytes, and may have ${MOST_TICKET_BYTES}` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    return { why: 'it is no text in UTF-8' };
  }
  const found = FRONT.exec(text);
  if (found === null) return { why: 'it does not begin with front matter between two lines of ---' };
  const document = parseDocument(found[1]!, { strict: true, uniqueKeys: true, schema: 'core' });
  const [mistake] = document.errors;
  if (mistake !== undefined) return { why: `its front matter is no YAML: ${mistake.message.split('\n')[0]}` };
  let aliases = 0;
  visit(document, (_, node) => {
    if (isAlias(node)) aliases += 1;
  });
  if (aliases > 0) return { why: 'its front matter has aliases: write the values out' };
  const read = front.safeParse(document.toJS());
  if (!read.success) return { why: issuesOf(read.error) };
  const draft = ticketDraft.safeParse({
    ...{ repository: repositoryName.safeParse(repository).data, ...read.data },
    ...{ text: text.slice(found[0].length).trim(), origin: { kind: 'file', path } },
  });
  return draft.success ? { draft: draft.data } : { why: issuesOf(draft.error) };
}

const issuesOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`.replace(/^: /, '')).join('; ');
