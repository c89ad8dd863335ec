// Where somebody goes after signing in: a page of ours, never another's.

/**
 * @param to as a link says it
 * @returns a whole address of the origin, so that no spelling of a path (`//evil.example`, `/.//evil.example`) can lead elsewhere; its start page when `to` does
 */
export function returnAddress(to: string | null | undefined, origin: string): string {
  const start = `${origin}/`;
  if (to === null || to === undefined || to.length > 2_000 || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(to)) return start;
  const address = URL.parse(to, origin);
  if (address === null || address.origin !== origin) return start;
  // Signing in anew would go round in circles, signing out be undone by a link.
  return /^\/+sign-in(\/|$)/i.test(address.pathname) ? start : address.href;
}

/** Where whoever is not signed in is sent from a page. */
export function signInLink(signInPath: string, request: Request): string {
  const { pathname, search } = new URL(request.url);
  const wanted = request.method === 'GET' || request.method === 'HEAD' ? pathname + search : '/';
  return `${signInPath}?next=${encodeURIComponent(wanted)}`;
}
