// A repository's forge as its settings name it: the interface, and the remote that git talks to. The token is read at each use and kept nowhere.
import { readFile } from 'node:fs/promises';
import type { Forge, ForgeSpec } from '../../contracts/forge.ts';
import type { Remote } from '../git/remote.ts';
import { createGitHub, githubHeaders } from './github.ts';
import { createGitLab, gitlabHeaders } from './gitlab.ts';
import { type Asking, createForgeHttp, failed } from './http.ts';

export type ForgeTimes = Pick<Asking, 'tries' | 'pauseMs' | 'timeoutMs' | 'mostWaitMs'>;

export function openForge(spec: ForgeSpec, times: ForgeTimes = {}): { readonly api: Forge; readonly remote: Remote } {
  const url = spec.url.replace(/\/+$/, '');
  const { conceal, token } = tokenOf(spec.token);
  const isHub = spec.kind === 'github';
  const http = createForgeHttp({
    base: isHub ? (url === 'https://github.com' ? 'https://api.github.com' : `${url}/api/v3`) : `${url}/api/v4`,
    headers: async () => (isHub ? githubHeaders : gitlabHeaders)(await token()),
    ...{ conceal, ...times },
  });
  const who = isHub ? 'x-access-token' : 'oauth2';
  return {
    api: (isHub ? createGitHub : createGitLab)(http, spec.project),
    remote: {
      url: spec.git ?? `${url}/${spec.project}.git`,
      authorization: async () => `Basic ${Buffer.from(`${who}:${await token()}`).toString('base64')}`,
      ...(spec.ssh === undefined ? {} : { ssh: spec.ssh }),
      conceal,
    },
  };
}

function tokenOf(from: ForgeSpec['token']) {
  /** As it was read last, in the forms that it is sent in. */
  let forms: string[] = [];
  return {
    async token(): Promise<string> {
      const read = 'env' in from ? (process.env[from.env] ?? '') : await readFile(from.secret, 'utf8').catch(() => '');
      const token = read.trim();
      const where = 'env' in from ? from.env : from.secret;
      if (token === '') throw failed('forge.unauthorised', `${where} holds no token`);
      if (/[^\x21-\x7e]/.test(token)) throw failed('forge.unauthorised', `what ${where} holds is no token`);
      const basic = ['x-access-token', 'oauth2'].map((who) => Buffer.from(`${who}:${token}`).toString('base64'));
      forms = [token, encodeURIComponent(token), ...basic];
      return token;
    },
    conceal: (text: string): string => forms.reduce((kept, form) => kept.replaceAll(form, '[token]'), text),
  };
}
