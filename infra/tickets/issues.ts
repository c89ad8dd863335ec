// Open issues of a repository's forge as a source of tickets. Whoever may write an issue there writes it: what it says is anybody's words.
import type { RepositoryName } from '../../contracts/change.ts';
import type { Forge, ForgeIssue } from '../../contracts/forge.ts';
import { type FoundTicket, type TicketSource, ticketDraft } from '../../contracts/ticket.ts';

const MOST_LABELS = 20;
const MOST_LABEL = 60;
const MOST_AUTHOR = 100;

export interface IssuesOf {
  readonly repository: RepositoryName;
  /** Of the forge itself: the same number at another one is another issue. */
  readonly url: string;
  readonly project: string;
  readonly forge: Pick<Forge, 'issues'>;
  /** All of these. */
  readonly labels?: readonly string[];
}

export const forgeIssues = (of: IssuesOf): TicketSource => ({
  async *list(): AsyncIterable<FoundTicket> {
    for await (const issue of of.forge.issues({ labels: of.labels ?? [] })) yield found(of, issue);
  },
});

export const issueKey = ({ url, project, repository }: Omit<IssuesOf, 'forge'>, number: number): string =>
  `issue:${url.replace(/\/+$/, '')}/${project}#${number} for ${repository}`;

function found(of: IssuesOf, issue: ForgeIssue): FoundTicket {
  const key = issueKey(of, issue.number);
  const draft = ticketDraft.safeParse({
    ...{ repository: of.repository, title: issue.title, text: issue.text.replaceAll('\r\n', '\n').trim() },
    // What does not fit here is nobody's loss: they choose which issues are read, and are shown.
    labels: issue.labels.filter((label) => label !== '' && label.length <= MOST_LABEL).slice(0, MOST_LABELS),
    author: issue.author.slice(0, MOST_AUTHOR) || null,
    origin: { kind: 'forge', project: of.project, issue: issue.number },
  });
  if (draft.success) return { how: 'found', key, draft: draft.data };
  const why = draft.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; ');
  return { how: 'unfit', key, why };
}
