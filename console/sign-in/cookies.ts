// The cookies of the console. On https their names begin with __Host-, so that no neighbouring domain can set one in their place.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface Cookies {
  readonly session: string;
  /** Of a sign-in on its way, one each, so that two tabs do not disturb each other. */
  readonly flow: (id: string) => string;
  /** @param seconds of life; undefined: until the browser closes */
  set(name: string, value: string, seconds?: number): string;
  clear(name: string): string;
}

/** @param origin where the console is */
export function cookiesOf(origin: string): Cookies {
  const { protocol, port } = new URL(origin);
  const https = protocol === 'https:';
  // Cookies of one host go to all its ports: two consoles of one machine would sign each other out.
  const prefix = https ? '__Host-anneal' : `anneal-${port || '80'}`;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${https ? '; Secure' : ''}`;
  return {
    session: prefix,
    flow: (id) => `${prefix}-flow-${id}`,
    set: (name, value, seconds) =>
      `${name}=${value}; ${attributes}${seconds === undefined ? '' : `; Max-Age=${seconds}`}`,
    clear: (name) => `${name}=; ${attributes}; Max-Age=0`,
  };
}

/** Undefined too when it is there twice: somebody else has set one of them. */
export function readCookie(request: Request, name: string): string | undefined {
  const found = pairs(request).filter(([one]) => one === name);
  return found.length === 1 ? found[0]![1] : undefined;
}

export const cookieNames = (request: Request): string[] => pairs(request).map(([name]) => name);

function pairs(request: Request): [string, string][] {
  return (request.headers.get('cookie') ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]];
  });
}

/** Keeps something in a browser that it can neither read nor change. */
export interface Sealer {
  seal(content: unknown): string;
  /** Undefined: not ours, changed, or from before the last start. */
  open(sealed: string): unknown;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createSealer(): Sealer {
  const key = randomBytes(32);
  return {
    seal(content) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const bytes = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      cipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        const text = Buffer.concat([cipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), cipher.final()]);
        return JSON.parse(text.toString('utf8'));
      } catch {
        return undefined;
      }
    },
  };
}
