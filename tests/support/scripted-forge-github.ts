// The part of GitHub's REST interface that is used, over the state of a *scripted* forge.
import type { Dialect, ForgeState, StoredRequest } from './scripted-forge.ts';

export const githubDialect: Dialect = (state, { method, path, query, body }) => {
  const at = `/repos/${state.project}`;
  if (!path.startsWith(`${at}/`)) return undefined;
  const rest = path.slice(at.length);
  const [owner] = state.project.split('/');
  const number = Number(/^\/(?:pulls|issues)\/(\d+)/.exec(rest)?.[1]);
  const one = state.requests.find((request) => request.number === number);
  const list = (all: readonly unknown[]) => ({ status: 200, body: all, list: true as const });

  if (rest === '/pulls' && method === 'GET') {
    const [of, branch] = (query.get('head') ?? ':').split(':');
    const found = state.requests.filter(
      (request) =>
        of === owner &&
        request.branch === branch &&
        request.onto === query.get('base') &&
        (query.get('state') === 'all' || request.state === 'open'),
    );
    return list(found.map((request) => shown(state, request)));
  }
  if (rest === '/pulls' && method === 'POST') {
    const { title, head, base, body: text } = body as Record<string, string>;
    const there = state.requests.some(
      (request) => !request.fork && request.branch === head && request.state === 'open',
    );
    if (there)
      return {
        status: 422,
        body: {
          message: 'Validation Failed',
          errors: [{ message: `A pull request already exists for ${owner}:${head}.` }],
        },
      };
    const sha = state.head(head!);
    if (sha === undefined)
      return { status: 422, body: { message: 'Validation Failed', errors: [{ field: 'head', code: 'invalid' }] } };
    const made: StoredRequest = {
      number: state.requests.length + 101,
      branch: head!,
      onto: base!,
      title: title!,
      body: text!,
      state: 'open',
      head: sha,
      author: state.me,
      comments: [],
      reviews: [],
    };
    state.requests.push(made);
    return { status: 201, body: shown(state, made) };
  }
  if (/^\/pulls\/\d+$/.test(rest) && one !== undefined) {
    if (method === 'PATCH' && body.state === 'closed' && one.state === 'open') one.state = 'closed';
    return { status: 200, body: shown(state, one) };
  }
  if (/^\/pulls\/\d+\/reviews$/.test(rest) && one !== undefined) {
    const words = {
      approved: 'APPROVED',
      'changes-requested': 'CHANGES_REQUESTED',
      commented: 'COMMENTED',
      dismissed: 'DISMISSED',
    };
    return list(one.reviews.map(({ by, said }) => ({ id: 1, user: { login: by }, state: words[said], body: '' })));
  }
  if (/^\/issues\/\d+\/comments$/.test(rest) && one !== undefined) {
    if (method === 'GET')
      return list(one.comments.map((comment) => ({ id: 1, body: comment.body, user: { login: comment.author } })));
    one.comments.push({ body: String(body.body), author: state.me });
    return { status: 201, body: { id: 1 } };
  }
  const issue = state.issues.find((known) => known.number === Number(/^\/issues\/(\d+)/.exec(rest)?.[1]));
  if (/^\/issues\/\d+$/.test(rest) && method === 'GET' && issue !== undefined)
    return { status: 200, body: { number: issue.number, state: issue.closed ? 'closed' : 'open' } };
  if (/^\/issues\/\d+\/comments$/.test(rest) && issue !== undefined) {
    issue.comments ??= [];
    if (method === 'GET')
      return list(issue.comments.map((comment) => ({ id: 1, body: comment.body, user: { login: comment.author } })));
    issue.comments.push({ body: String(body.body), author: state.me });
    return { status: 201, body: { id: 1 } };
  }
  const statuses = /^\/(?:commits\/([0-9a-f]+)\/statuses|statuses\/([0-9a-f]+))$/.exec(rest);
  if (statuses !== null) {
    const commit = statuses[1] ?? statuses[2]!;
    if (method === 'GET')
      return list(
        state.statuses
          .filter((status) => status.commit === commit)
          .toReversed()
          .map(({ name, state: how, says }) => ({ id: 1, context: name, state: how, description: says })),
      );
    state.statuses.push({
      commit,
      name: String(body.context),
      state: String(body.state),
      says: String(body.description),
    });
    return { status: 201, body: { id: 1 } };
  }
  if (rest === '/issues' && method === 'GET') {
    const since = query.get('since');
    const labels = query.get('labels')?.split(',') ?? [];
    const issues = state.issues
      .filter(({ closed }) => closed !== true)
      .filter(({ updatedAt }) => since === null || updatedAt >= since)
      .filter((issue) => labels.every((label) => issue.labels.includes(label)))
      .toSorted((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
    const asked = issues.map((issue) => ({
      ...{
        number: issue.number,
        title: issue.title,
        body: issue.body,
        user: { login: issue.author },
        updated_at: issue.updatedAt,
      },
      ...{
        labels: issue.labels.map((name) => ({ name })),
        html_url: `https://forge.example/${state.project}/issues/${issue.number}`,
      },
    }));
    // Pull requests are issues there.
    const pulls = state.requests.map((request) => ({
      ...asked[0],
      number: request.number,
      title: request.title,
      body: request.body,
      user: { login: request.author },
      labels: [],
      updated_at: '2031-01-01T00:00:00Z',
      html_url: 'https://forge.example',
      pull_request: {},
    }));
    return list([...pulls, ...asked]);
  }
  return undefined;
};

const shown = (state: ForgeState, { number, title, body, state: how, head, branch, author, fork }: StoredRequest) => ({
  ...{
    number,
    title,
    body,
    html_url: `https://forge.example/${state.project}/pull/${number}`,
    user: { login: author },
  },
  ...{ state: how === 'open' ? 'open' : 'closed', merged_at: how === 'merged' ? '2031-01-01T00:00:00Z' : null },
  head: { sha: head, ref: branch, repo: { full_name: fork ? 'stranger/trainer' : state.project } },
});
