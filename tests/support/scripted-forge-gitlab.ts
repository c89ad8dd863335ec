// The part of GitLab's REST interface that is used, over the state of a *scripted* forge.
import type { Dialect, ForgeState, StoredRequest } from './scripted-forge.ts';

const ID = 7;

export const gitlabDialect: Dialect = (state, { method, path, query, body }) => {
  const at = `/projects/${encodeURIComponent(state.project)}`;
  if (!path.startsWith(`${at}/`)) return undefined;
  const rest = path.slice(at.length);
  const number = Number(/^\/merge_requests\/(\d+)/.exec(rest)?.[1]);
  const one = state.requests.find((request) => request.number === number);
  const list = (all: readonly unknown[]) => ({ status: 200, body: all, list: true as const });

  if (rest === '/merge_requests' && method === 'GET') {
    const found = state.requests.filter(
      (request) => request.branch === query.get('source_branch') && request.onto === query.get('target_branch'),
    );
    return list(found.map((request) => shown(state, request)));
  }
  if (rest === '/merge_requests' && method === 'POST') {
    const { title, source_branch: branch, target_branch: onto, description } = body as Record<string, string>;
    const there = state.requests.find(
      (request) => !request.fork && request.branch === branch && request.state === 'open',
    );
    if (there)
      return {
        status: 409,
        body: { message: [`Another open merge request already exists for this source branch: !${there.number}`] },
      };
    const sha = state.head(branch!);
    if (sha === undefined) return { status: 400, body: { message: { source_branch: ['is missing'] } } };
    const made: StoredRequest = {
      number: state.requests.length + 1,
      branch: branch!,
      onto: onto!,
      title: title!,
      body: description!,
      state: 'open',
      head: sha,
      author: state.me,
      comments: [],
      reviews: [],
    };
    state.requests.push(made);
    return { status: 201, body: shown(state, made) };
  }
  if (/^\/merge_requests\/\d+$/.test(rest) && one !== undefined) {
    if (method === 'PUT' && body.state_event === 'close' && one.state === 'open') one.state = 'closed';
    return { status: 200, body: shown(state, one) };
  }
  if (/^\/merge_requests\/\d+\/reviewers$/.test(rest) && one !== undefined) {
    const words = {
      approved: 'approved',
      'changes-requested': 'requested_changes',
      commented: 'reviewed',
      dismissed: 'unreviewed',
    };
    return list(one.reviews.map(({ by, said }) => ({ user: { id: 1, username: by }, state: words[said] })));
  }
  if (/^\/merge_requests\/\d+\/approvals$/.test(rest) && one !== undefined) {
    const approved = one.reviews.filter(({ said }) => said === 'approved');
    return {
      status: 200,
      body: { approved: approved.length > 0, approved_by: approved.map(({ by }) => ({ user: { username: by } })) },
    };
  }
  if (/^\/merge_requests\/\d+\/notes$/.test(rest) && one !== undefined) {
    if (method === 'GET')
      return list(one.comments.map((comment) => ({ id: 1, body: comment.body, author: { username: comment.author } })));
    one.comments.push({ body: String(body.body), author: state.me });
    return { status: 201, body: { id: 1 } };
  }
  const issue = state.issues.find((known) => known.number === Number(/^\/issues\/(\d+)/.exec(rest)?.[1]));
  if (/^\/issues\/\d+$/.test(rest) && method === 'GET' && issue !== undefined)
    return { status: 200, body: { iid: issue.number, state: issue.closed ? 'closed' : 'opened' } };
  if (/^\/issues\/\d+\/notes$/.test(rest) && issue !== undefined) {
    issue.comments ??= [];
    if (method === 'GET')
      return list(
        issue.comments.map((comment) => ({ id: 1, body: comment.body, author: { username: comment.author } })),
      );
    issue.comments.push({ body: String(body.body), author: state.me });
    return { status: 201, body: { id: 1 } };
  }
  const statuses = /^\/(?:repository\/commits\/([0-9a-f]+)\/statuses|statuses\/([0-9a-f]+))$/.exec(rest);
  if (statuses !== null) {
    const commit = statuses[1] ?? statuses[2]!;
    const known = state.statuses.filter((status) => status.commit === commit);
    if (method === 'GET')
      return list(
        known
          .filter(({ name }) => name === query.get('name'))
          .toReversed()
          .map(({ name, state: how, says }) => ({ id: 1, name, status: how, description: says })),
      );
    const last = known.findLast(({ name }) => name === body.name);
    if (last?.state === body.state)
      return { status: 400, body: { message: `Cannot transition status via :enqueue from :${body.state}` } };
    state.statuses.push({ commit, name: String(body.name), state: String(body.state), says: String(body.description) });
    return { status: 201, body: { id: 1 } };
  }
  if (rest === '/issues' && method === 'GET') {
    const since = query.get('updated_after');
    const labels = query.get('labels')?.split(',') ?? [];
    const issues = state.issues
      .filter(({ closed }) => closed !== true)
      .filter(({ updatedAt }) => since === null || updatedAt >= since)
      .filter((issue) => labels.every((label) => issue.labels.includes(label)))
      .toSorted((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
    return list(
      issues.map((issue) => ({
        ...{ iid: issue.number, title: issue.title, description: issue.body, author: { username: issue.author } },
        ...{
          labels: issue.labels,
          updated_at: issue.updatedAt,
          web_url: `https://forge.example/${state.project}/-/issues/${issue.number}`,
        },
      })),
    );
  }
  return undefined;
};

const shown = (
  state: ForgeState,
  { number, title, body, state: how, head, branch, onto, author, fork }: StoredRequest,
) => ({
  ...{
    iid: number,
    title,
    description: body,
    web_url: `https://forge.example/${state.project}/-/merge_requests/${number}`,
  },
  ...{ state: how === 'open' ? 'opened' : how, author: { username: author }, sha: head },
  ...{ source_branch: branch, target_branch: onto, source_project_id: fork ? 99 : ID, target_project_id: ID },
});
