// What a browser does with cookies and redirects, step by step, so that a test can step in between.

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly headers: Headers;
  readonly text: string;
}

export interface CookieClient {
  /** By host name, as browsers have it: ports do not part cookies. */
  readonly cookies: Map<string, Map<string, string>>;
  send(url: string | URL, init?: RequestInit): Promise<Answer>;
  /** @param until stops before it asks for an address that this holds for */
  follow(url: string | URL, until?: (url: URL) => boolean): Promise<Answer>;
}

export function createCookieClient(): CookieClient {
  const cookies: CookieClient['cookies'] = new Map();

  async function send(url: string | URL, init: RequestInit = {}): Promise<Answer> {
    const { hostname } = new URL(url);
    const jar = cookies.get(hostname) ?? new Map<string, string>();
    cookies.set(hostname, jar);
    const headers = new Headers(init.headers);
    if (jar.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/; *(max-age=0|expires=thu, 01 jan 1970)/i.test(cookie)) jar.delete(name!);
      else jar.set(name!, value!);
    }
    const location = response.headers.get('location');
    return {
      ...{ url: String(url), status: response.status, headers: response.headers, text: await response.text() },
      location: location === null ? undefined : new URL(location, url).href,
    };
  }

  async function follow(url: string | URL, until: (url: URL) => boolean = () => false): Promise<Answer> {
    let answer = await send(url);
    while (answer.location !== undefined && !until(new URL(answer.location))) answer = await send(answer.location);
    return answer;
  }

  return { cookies, send, follow };
}
