// ANNEAL_SANDBOX: which adapter of the sandbox port a deployment judges in. A text, as the store's address is, so that everything about it
// stands in one place: `bubblewrap`, or `pods[:NAMESPACE]?image=IMAGE&runtimeClass=NAME`.
import { z } from 'zod';

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
/** As nobody mistypes it: no blank, and nothing that ends a parameter. */
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;
const QUANTITY = /^\d+(m|k|Ki|M|Mi|G|Gi)?$/;

/** What a sandbox in a pod may go without; described wherever the sandbox is. */
const ALLOWANCES = ['node-runtime', 'open-network'] as const;

const podsSetting = z.strictObject({
  by: z.literal('pods'),
  /** Null: where trainers and policy servers run. */
  namespace: z.string().regex(NAMESPACE, 'a namespace').nullable(),
  /** With Python 3.11 or newer as `python3`, and what the verifiers' programs need. */
  image: z.string().regex(IMAGE, 'an image'),
  /** gVisor's or Kata's; null where the node's own kernel is allowed. */
  runtimeClass: z.string().regex(NAME, 'the name of a RuntimeClass').nullable(),
  allow: z.array(z.enum(ALLOWANCES, { error: `one of ${ALLOWANCES.join(', ')}` })),
  /** `host:port`, beside the API server, that a program must not reach: the bucket, the gateway. */
  probe: z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/, 'HOST:PORT')),
  /** Cores of a program; null: the adapter's own. */
  cpu: z.string().regex(QUANTITY, 'a quantity').nullable(),
  /** Of ephemeral storage; `0` where nodes do not count their disks. */
  disk: z.string().regex(QUANTITY, 'a quantity').nullable(),
});
export type PodsSetting = z.infer<typeof podsSetting>;

const setting = z.discriminatedUnion('by', [z.strictObject({ by: z.literal('bubblewrap') }), podsSetting]);
export type SandboxSetting = z.infer<typeof setting>;

export const BUBBLEWRAP: SandboxSetting = { by: 'bubblewrap' };
/** As a home keeps it. Homes from before have none. */
export const keptSandboxSetting = setting.default(BUBBLEWRAP);

const PARAMETERS = ['image', 'runtimeClass', 'allow', 'probe', 'cpu', 'disk'] as const;
const FORM = `bubblewrap, or pods[:NAMESPACE]?image=IMAGE with ${PARAMETERS.slice(1).join(', ')}`;

/** The variable. Each wrong part is told by itself. */
export const sandboxVariable = z.string().transform((text, context): SandboxSetting => {
  if (text === 'bubblewrap') return BUBBLEWRAP;
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  const [, namespace, query = ''] = /^pods(?::([^?]*))?(?:\?(.*))?$/.exec(text) ?? [];
  if (!/^pods([:?]|$)/.test(text)) {
    refuse(FORM);
    return z.NEVER;
  }
  const given = new URLSearchParams(query);
  for (const name of new Set(given.keys())) {
    if (!(PARAMETERS as readonly string[]).includes(name)) refuse(`${FORM}, and no ${name}`);
    if (given.getAll(name).length > 1) refuse(`${name} once`);
  }
  const list = (name: 'allow' | 'probe') => given.get(name)?.split(',') ?? [];
  const read = podsSetting.safeParse({
    by: 'pods',
    namespace: namespace ?? null,
    image: given.get('image') ?? undefined,
    runtimeClass: given.get('runtimeClass'),
    ...{ allow: list('allow'), probe: list('probe'), cpu: given.get('cpu'), disk: given.get('disk') },
  });
  for (const { path, message } of read.error?.issues ?? [])
    refuse(
      path[0] === 'image' && !given.has('image')
        ? 'image=IMAGE, which programs run in'
        : `${String(path[0])}: ${message}`,
    );
  if (!read.success) return z.NEVER;
  if (read.data.runtimeClass === null && !read.data.allow.includes('node-runtime'))
    refuse('runtimeClass=NAME of a stronger wall (gVisor, Kata), or allow=node-runtime: the node’s own kernel');
  return read.data;
});

/** By which a child process reads the same. */
export function sandboxText(one: SandboxSetting): string {
  if (one.by === 'bubblewrap') return one.by;
  const { namespace, image, runtimeClass, allow, probe, cpu, disk } = one;
  const given = Object.entries({ image, runtimeClass, allow: allow.join(','), probe: probe.join(','), cpu, disk });
  const query = given.flatMap(([name, value]) => (value ? [`${name}=${encodeURIComponent(value)}`] : []));
  return `pods${namespace === null ? '' : `:${namespace}`}?${query.join('&')}`;
}
