// The artifact as a web site that exists for one browser only: its files are answered from memory, under an origin that no resolver knows.
import type { BrowserContext } from 'playwright-core';

/** Secure, so that everything works that works on a real site. */
export const ORIGIN = 'https://artifact.invalid';

/** What a hostile page may fill our memory with. */
const MOST_NOTES = 20;
const NOTE_LENGTH = 200;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  ico: 'image/x-icon',
  woff: 'font/woff',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/** Different texts in the order of the alphabet, so that a race between two requests does not change what is written down. */
export interface Notes {
  add(text: string): void;
  list(): readonly string[];
}

export function createNotes(): Notes {
  const notes = new Set<string>();
  return {
    add(text) {
      if (notes.size < MOST_NOTES) notes.add(text.slice(0, NOTE_LENGTH));
    },
    list: () => [...notes].sort(),
  };
}

export interface Served {
  readonly external: Notes;
  readonly missing: Notes;
}

/** Everything that the context asks for is answered or refused here. */
export async function serve(context: BrowserContext, files: ReadonlyMap<string, Uint8Array>): Promise<Served> {
  const served: Served = { external: createNotes(), missing: createNotes() };
  context.on('request', (request) => {
    const url = request.url();
    if (!own(url)) served.external.add(url);
  });
  await context.route('**/*', async (route) => {
    const url = route.request().url();
    if (!own(url)) return route.abort('internetdisconnected');
    const path = pathOf(url);
    const found = files.get(path) ?? files.get(path === '' ? 'index.html' : `${path.replace(/\/$/, '')}/index.html`);
    if (found === undefined) {
      // A browser asks for this one by itself.
      if (path !== 'favicon.ico') served.missing.add(path);
      return route.fulfill({ status: 404, contentType: 'text/plain', body: 'not found' });
    }
    const name = files.has(path) ? path : 'index.html';
    const contentType = TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
    return route.fulfill({ status: 200, contentType, body: Buffer.from(found) });
  });
  return served;
}

/** Whether nothing outside is meant. */
const own = (url: string): boolean => url.startsWith(`${ORIGIN}/`) || /^(data|blob|about):/.test(url);

function pathOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname).replace(/^\//, '');
  } catch {
    return new URL(url).pathname.slice(1);
  }
}
