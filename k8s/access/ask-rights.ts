// Asks the API server, right by right, what the caller may do. The server's own judgement counts, whatever grants it.
import { z } from 'zod';
import type { Problem } from '../../contracts/errors.ts';
import type { Cluster } from '../cluster/request.ts';
import { nameOf, type Right, type Verb } from './rights.ts';

export interface AskedRight {
  readonly right: Right;
  readonly missing: readonly Verb[];
}

const access = z.object({ status: z.object({ allowed: z.boolean() }) });
/** Questions at a time; there are about fifty. */
const LANES = 8;

export async function askRights(
  cluster: Cluster,
  rights: readonly Right[],
  namespace: string,
): Promise<readonly AskedRight[]> {
  const questions = rights.flatMap((right) =>
    right.verbs.flatMap((verb) => (right.names ?? [undefined]).map((name) => ({ right, verb, name }))),
  );
  const refused = new Map<Right, Set<Verb>>(rights.map((right) => [right, new Set()]));
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let one = questions[next++]; one !== undefined; one = questions[next++]) {
      if (!(await mayI(cluster, one.right, one.verb, one.name, namespace))) refused.get(one.right)?.add(one.verb);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return [...refused].map(([right, verbs]) => ({ right, missing: right.verbs.filter((verb) => verbs.has(verb)) }));
}

async function mayI(
  cluster: Cluster,
  right: Right,
  verb: Verb,
  name: string | undefined,
  namespace: string,
): Promise<boolean> {
  const [resource, subresource] = right.resource.split('/');
  const resourceAttributes = {
    group: right.group,
    resource,
    verb,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(right.scope === 'namespace' ? { namespace } : {}),
  };
  const { body } = await cluster.ask({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
  });
  return access.parse(body).status.allowed;
}

/** One problem a resource; one in all where nothing is allowed in the namespace, which is one mistake and not a dozen. */
export function rightsProblems(
  asked: readonly AskedRight[],
  namespace: string,
  user: string,
  setting = 'gpu.namespace',
): Problem[] {
  const inside = asked.filter(({ right }) => right.scope === 'namespace');
  const nothing = inside.every(({ right, missing }) => missing.length === right.verbs.length);
  const outside = asked.filter(({ right }) => right.scope === 'cluster').flatMap((one) => problemOf(one, '', user));
  if (!nothing) return [...inside.flatMap((one) => problemOf(one, namespace, user)), ...outside];
  return [
    {
      code: 'cluster.denied',
      path: `namespaces/${namespace}`,
      expected: `a namespace in which ${user} has the rights of the worker's role (k8s/access/rights.ts lists them)`,
      got: 'no right at all',
      hint: `Either there is no namespace ${namespace}, or the chart's role is not bound there: install the chart with ${setting}=${namespace}.`,
    },
    ...outside,
  ];
}

function problemOf({ right, missing }: AskedRight, namespace: string, user: string): Problem[] {
  if (missing.length === 0) return [];
  const names = right.names === undefined ? '' : ` of ${right.names.join(', ')}`;
  const allowed = right.verbs.filter((verb) => !missing.includes(verb));
  const role = namespace === '' ? 'cluster role' : `role in namespace ${namespace}`;
  return [
    {
      code: 'cluster.denied',
      path: `${namespace === '' ? '' : `namespaces/${namespace}/`}${nameOf(right)}`,
      expected: `${user} may ${missing.join(', ')}${names}, so that it can ${right.purpose}`,
      got: allowed.length === 0 ? 'no right to them' : `only ${allowed.join(', ')}`,
      hint: `Add ${missing.join(', ')} on ${nameOf(right)} to the ${role}, or install the chart's.`,
    },
  ];
}
