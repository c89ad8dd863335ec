// The modules that a browser loads for passkeys. Their types are stripped when they are first asked for; what is in dist/ has none.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { stripped } from '../assets.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Nothing else of the code is shown. They name each other as the sources do, whatever they were made from. */
const SHOWN: ReadonlySet<string> = new Set([
  'console/assets/base64url',
  'console/assets/confirm',
  'console/assets/decide',
  'console/assets/decision-body',
  'console/assets/enrol',
  'console/assets/first-admin',
  'console/assets/link-code',
  'console/assets/passkey',
  'contracts/canonical',
]);

export const moduleAddress = (name: 'confirm' | 'decide' | 'enrol' | 'first-admin'): string =>
  `/modules/console/assets/${name}.ts`;

export function browserModules(): Hono {
  const texts = new Map<string, string>();
  const routes = new Hono();
  routes.get('/modules/*', (context) => {
    const name = context.req.path.slice('/modules/'.length).replace(/\.[jt]s$/, '');
    if (!SHOWN.has(name)) return context.notFound();
    const text = texts.get(name) ?? read(name);
    texts.set(name, text);
    const tag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    context.header('cache-control', 'no-cache');
    context.header('cross-origin-resource-policy', 'same-origin');
    context.header('x-content-type-options', 'nosniff');
    context.header('etag', tag);
    if (context.req.header('if-none-match') === tag) return context.body(null, 304);
    return context.body(text, 200, { 'content-type': 'text/javascript; charset=utf-8' });
  });
  return routes;
}

function read(name: string): string {
  const source = join(ROOT, `${name}.ts`);
  return existsSync(source) ? stripped(readFileSync(source, 'utf8')) : readFileSync(join(ROOT, `${name}.js`), 'utf8');
}
