// Which figures of an input nobody measured: their source says so.

/** Dotted paths of the parts whose source begins with `assumption`, in the order of the document. */
export function assumptionsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'source' in value && typeof value.source === 'string' && /^assumption\b/i.test(value.source);
  const below = Object.entries(value).flatMap(([key, child]) =>
    assumptionsIn(child, path === '' ? key : `${path}.${key}`),
  );
  return own ? [path, ...below] : below;
}
