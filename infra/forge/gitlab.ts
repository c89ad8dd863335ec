// GitLab by its REST interface (v4). What it answers is parsed; what else stands there is not read.
import { z } from 'zod';
import { changeMark, type Forge, type ForgeIssue, type ForgeRequest, type ForgeReview } from '../../contracts/forge.ts';
import { type ForgeHttp, failed } from './http.ts';
import { asOne, parsed } from './parsed.ts';

const user = z.object({ username: z.string() });
const merge = z.object({
  iid: z.int(),
  web_url: z.string(),
  state: z.enum(['opened', 'closed', 'locked', 'merged']),
  description: z.string().nullable(),
  author: user,
  sha: z.string().nullable(),
  source_branch: z.string(),
  source_project_id: z.int().nullable(),
  target_project_id: z.int(),
});
const note = z.object({ body: z.string(), author: user });
const status = z.object({ name: z.string(), status: z.string(), description: z.string().nullable() });
const approvals = z.object({ approved_by: z.array(z.object({ user })) });
const reviewer = z.object({ user, state: z.string() });
const issue = z.object({
  iid: z.int(),
  title: z.string(),
  description: z.string().nullable(),
  author: user,
  labels: z.array(z.string()),
  updated_at: z.string(),
  web_url: z.string(),
});

const standing = z.object({ state: z.enum(['opened', 'closed']) });

/** While it merges by itself it is locked; then it is as good as open. */
const STATES = { opened: 'open', locked: 'open', closed: 'closed', merged: 'merged' } as const;
const CHECKS = { pending: 'pending', passed: 'success', failed: 'failed' } as const;
const MOST_SAID = 140;

export function createGitLab(http: ForgeHttp, project: string): Forge {
  const at = `/projects/${encodeURIComponent(project)}`;
  const asRequest = ({ iid, web_url, state, sha, author }: z.infer<typeof merge>): ForgeRequest => ({
    ...{ number: iid, url: web_url, state: STATES[state], head: sha ?? '', author: author.username },
  });
  const look = async (number: number): Promise<ForgeRequest> =>
    asRequest(parsed(merge, (await http.read(`${at}/merge_requests/${number}`)).body));

  const find = async ({ change, branch, onto }: Parameters<Forge['find']>[0]): Promise<ForgeRequest | undefined> => {
    const mark = changeMark(change);
    const query = { state: 'all', source_branch: branch, target_branch: onto };
    const found = parsed(z.array(merge), await http.list(`${at}/merge_requests`, query));
    const own = found.filter((one) => one.source_branch === branch && one.source_project_id === one.target_project_id);
    const marked = own.filter(({ description }) => description?.includes(mark));
    return asOne(marked.map(asRequest), own.map(asRequest), branch);
  };

  return {
    kind: 'gitlab',
    look,
    find: async (of) => (await find(of)) ?? null,
    async open({ change, branch, onto, title, text }) {
      const mark = changeMark(change);
      const body = { title, description: `${text}\n\n${mark}\n`, source_branch: branch, target_branch: onto };
      return http.makeOnce(() => find({ change, branch, onto }), `${at}/merge_requests`, {
        ...body,
        allow_collaboration: false,
      });
    },
    async close(number) {
      const there = await look(number);
      if (there.state !== 'open') return there;
      const { body } = await http.set('PUT', `${at}/merge_requests/${number}`, { state_event: 'close' });
      return asRequest(parsed(merge, body));
    },
    async check({ commit, name, state, says }) {
      const wanted = { state: CHECKS[state], description: says.slice(0, MOST_SAID) };
      const find = async (): Promise<true | undefined> => {
        const query = { name, order_by: 'id', sort: 'desc' };
        const all = parsed(z.array(status), await http.list(`${at}/repository/commits/${commit}/statuses`, query));
        const newest = all.find((one) => one.name === name);
        // The same status twice is refused there; another description of it is not worth a failure.
        return newest?.status === wanted.state ? true : undefined;
      };
      await http.makeOnce(find, `${at}/statuses/${commit}`, { ...wanted, name });
    },
    async reviews(number) {
      const said = new Map<string, ForgeReview>();
      const reviewers = parsed(z.array(reviewer), await http.list(`${at}/merge_requests/${number}/reviewers`));
      for (const { user: by, state } of reviewers) {
        const how = ({ requested_changes: 'changes-requested', reviewed: 'commented' } as const)[state];
        if (how !== undefined) said.set(by.username, { by: by.username, said: how });
      }
      const { approved_by } = parsed(approvals, (await http.read(`${at}/merge_requests/${number}/approvals`)).body);
      for (const { user: by } of approved_by) said.set(by.username, { by: by.username, said: 'approved' });
      return [...said.values()];
    },
    async comment({ number, what, text }) {
      const { author } = await look(number);
      const mark = `<!-- anneal: ${what} -->`;
      const find = async (): Promise<true | undefined> => {
        const all = parsed(z.array(note), await http.list(`${at}/merge_requests/${number}/notes`));
        return all.some((one) => one.author.username === author && one.body.includes(mark)) || undefined;
      };
      await http.makeOnce(find, `${at}/merge_requests/${number}/notes`, { body: `${text}\n\n${mark}\n` });
    },
    async *issues({ since, labels = [] }) {
      const named = labels.length === 0 ? undefined : labels.join(',');
      const query = { state: 'opened', order_by: 'updated_at', sort: 'asc', updated_after: since, labels: named };
      for await (const page of http.pages(`${at}/issues`, query))
        for (const one of parsed(z.array(issue), page))
          yield {
            ...{ number: one.iid, title: one.title, text: one.description ?? '', author: one.author.username },
            ...{ labels: one.labels, updatedAt: one.updated_at, url: one.web_url },
          } satisfies ForgeIssue;
    },
    async issueState(number) {
      const { state } = parsed(standing, (await http.read(`${at}/issues/${number}`)).body);
      return state === 'closed' ? 'closed' : 'open';
    },
    async commentIssue({ number, mark, text }) {
      const find = async (): Promise<true | undefined> => {
        const all = parsed(z.array(note), await http.list(`${at}/issues/${number}/notes`));
        return all.some(({ body }) => body.includes(mark)) || undefined;
      };
      await http.makeOnce(find, `${at}/issues/${number}/notes`, { body: `${text}\n\n${mark}\n` });
    },
  };
}

export const gitlabHeaders = (token: string): Record<string, string> => {
  if (token === '') throw failed('forge.unauthorised', 'there is no token');
  return { authorization: `Bearer ${token}` };
};
