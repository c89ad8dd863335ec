// GitHub by its REST interface. What it answers is parsed; what else stands there is not read.
import { z } from 'zod';
import { changeMark, type Forge, type ForgeIssue, type ForgeRequest, type ForgeReview } from '../../contracts/forge.ts';
import { type ForgeHttp, failed } from './http.ts';
import { asOne, parsed } from './parsed.ts';

const user = z.object({ login: z.string() });
const pull = z.object({
  number: z.int(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullable(),
  body: z.string().nullable(),
  user,
  head: z.object({ sha: z.string(), ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
});
const comment = z.object({ body: z.string().nullable(), user: user.nullable() });
const status = z.object({ context: z.string(), state: z.string(), description: z.string().nullable() });
const review = z.object({ state: z.string(), user: user.nullable() });
const issue = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullable(),
  user: user.nullable(),
  labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])),
  updated_at: z.string(),
  html_url: z.string(),
  pull_request: z.unknown().optional(),
});

const standing = z.object({ state: z.enum(['open', 'closed']) });

const STATES = { pending: 'pending', passed: 'success', failed: 'failure' } as const;
const SAID: Readonly<Record<string, ForgeReview['said']>> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes-requested',
  COMMENTED: 'commented',
};
/** Of a status's description. */
const MOST_SAID = 140;

export function createGitHub(http: ForgeHttp, project: string): Forge {
  const at = `/repos/${project}`;
  const [owner] = project.split('/') as [string];
  const asRequest = ({ number, html_url, state, merged_at, head, user }: z.infer<typeof pull>): ForgeRequest => ({
    ...{ number, url: html_url, head: head.sha, author: user.login },
    state: merged_at !== null ? 'merged' : state,
  });
  const look = async (number: number): Promise<ForgeRequest> =>
    asRequest(parsed(pull, (await http.read(`${at}/pulls/${number}`)).body));

  const find = async ({ change, branch, onto }: Parameters<Forge['find']>[0]): Promise<ForgeRequest | undefined> => {
    const mark = changeMark(change);
    const found = parsed(
      z.array(pull),
      await http.list(`${at}/pulls`, { state: 'all', head: `${owner}:${branch}`, base: onto }),
    );
    // Forks have branches of the same name.
    const own = found.filter(
      ({ head }) => head.ref === branch && head.repo?.full_name.toLowerCase() === project.toLowerCase(),
    );
    return asOne(own.filter(({ body }) => body?.includes(mark)).map(asRequest), own.map(asRequest), branch);
  };

  return {
    kind: 'github',
    look,
    find: async (of) => (await find(of)) ?? null,
    async open({ change, branch, onto, title, text }) {
      const mark = changeMark(change);
      const body = { title, body: `${text}\n\n${mark}\n`, head: branch, base: onto, maintainer_can_modify: false };
      return http.makeOnce(() => find({ change, branch, onto }), `${at}/pulls`, body);
    },
    async close(number) {
      const there = await look(number);
      if (there.state !== 'open') return there;
      return asRequest(parsed(pull, (await http.set('PATCH', `${at}/pulls/${number}`, { state: 'closed' })).body));
    },
    async check({ commit, name, state, says }) {
      const wanted = { state: STATES[state], description: says.slice(0, MOST_SAID) };
      const find = async (): Promise<true | undefined> => {
        const all = parsed(z.array(status), await http.list(`${at}/commits/${commit}/statuses`));
        // The newest comes first.
        const newest = all.find(({ context }) => context === name);
        return newest?.state === wanted.state && newest.description === wanted.description ? true : undefined;
      };
      await http.makeOnce(find, `${at}/statuses/${commit}`, { ...wanted, context: name });
    },
    async reviews(number) {
      const all = parsed(z.array(review), await http.list(`${at}/pulls/${number}/reviews`));
      const last = new Map<string, ForgeReview>();
      for (const { state, user: by } of all) {
        if (by === null) continue;
        if (state === 'DISMISSED') last.delete(by.login);
        const said = SAID[state];
        // A comment after an approval takes nothing back.
        if (said === undefined || (said === 'commented' && last.has(by.login))) continue;
        last.set(by.login, { by: by.login, said });
      }
      return [...last.values()];
    },
    async comment({ number, what, text }) {
      const { author } = await look(number);
      const mark = `<!-- anneal: ${what} -->`;
      const find = async (): Promise<true | undefined> => {
        const all = parsed(z.array(comment), await http.list(`${at}/issues/${number}/comments`));
        return all.some(({ body, user: by }) => by?.login === author && body?.includes(mark)) || undefined;
      };
      await http.makeOnce(find, `${at}/issues/${number}/comments`, { body: `${text}\n\n${mark}\n` });
    },
    async *issues({ since, labels = [] }) {
      const named = labels.length === 0 ? undefined : labels.join(',');
      const query = { state: 'open', sort: 'updated', direction: 'asc', since, labels: named };
      for await (const page of http.pages(`${at}/issues`, query))
        for (const one of parsed(z.array(issue), page)) {
          if (one.pull_request !== undefined) continue;
          yield {
            ...{ number: one.number, title: one.title, text: one.body ?? '', author: one.user?.login ?? '' },
            labels: one.labels.flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
            ...{ updatedAt: one.updated_at, url: one.html_url },
          } satisfies ForgeIssue;
        }
    },
    issueState: async (number) => parsed(standing, (await http.read(`${at}/issues/${number}`)).body).state,
    async commentIssue({ number, mark, text }) {
      const find = async (): Promise<true | undefined> => {
        const all = parsed(z.array(comment), await http.list(`${at}/issues/${number}/comments`));
        return all.some(({ body }) => body?.includes(mark)) || undefined;
      };
      await http.makeOnce(find, `${at}/issues/${number}/comments`, { body: `${text}\n\n${mark}\n` });
    },
  };
}

export const githubHeaders = (token: string): Record<string, string> => {
  if (token === '') throw failed('forge.unauthorised', 'there is no token');
  return {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  };
};
