// Whether what would change something was sent by a page of ours, in this session.
import { createHash, timingSafeEqual } from 'node:crypto';
import { AnnealError } from '../../contracts/errors.ts';
import type { Viewer } from '../viewer.ts';

/** Of scripts; forms have a field `csrf`. */
export const CSRF_HEADER = 'x-anneal-csrf';
export const CSRF_FIELD = 'csrf';

/** A form that is longer is not read in order to find its token. */
const MOST_BYTES = 256 * 1024;

/**
 * Both are asked for: where the browser says that the request comes from, and the session's token, which another origin cannot read.
 * @param origin of the console, as this request reached it
 * @throws AnnealError `sign_in.forged`
 */
export async function refuseForgedRequest(
  request: Request,
  viewer: Pick<Viewer, 'csrf'>,
  origin: string,
): Promise<void> {
  refuseOtherOrigin(request, origin);
  const token = request.headers.get(CSRF_HEADER) ?? (await fieldOf(request));
  if (token === undefined) throw forged('it has no token of this session');
  if (!isSame(token, viewer.csrf)) throw forged('its token is of another session');
}

/** @throws AnnealError `sign_in.forged` */
export function refuseOtherOrigin(request: Request, origin: string): void {
  const site = request.headers.get('sec-fetch-site');
  const from = request.headers.get('origin');
  if (site !== null && site !== 'same-origin') throw forged('the browser says that another page sent it');
  if (from !== null && from !== origin) throw forged('its origin is another one');
  if (site === null && from === null) throw forged('nothing says where it comes from');
}

async function fieldOf(request: Request): Promise<string | undefined> {
  const type = request.headers.get('content-type') ?? '';
  const length = request.headers.get('content-length');
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return undefined;
  if (length === null || !(Number(length) <= MOST_BYTES) || request.bodyUsed) return undefined;
  const field = await request
    .clone()
    .formData()
    .then(
      (form) => form.getAll(CSRF_FIELD),
      () => [],
    );
  return field.length === 1 && typeof field[0] === 'string' ? field[0] : undefined;
}

/** Of hashes, which are of one length: neither how much nor how long is told by the time that it takes. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

const forged = (why: string): AnnealError => new AnnealError('sign_in.forged', why);
