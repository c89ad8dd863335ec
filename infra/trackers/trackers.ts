// Trackers by their addresses: mlflow+https://HOST/EXPERIMENT, wandb+https://HOST/ENTITY/PROJECT.
import { AnnealError } from '../../contracts/errors.ts';
import type { Tracker } from '../../contracts/tracker.ts';
import { createTrackerHttp } from './http.ts';
import { createMlflowTracker } from './mlflow.ts';
import { createWandbTracker } from './wandb.ts';

/** Secrets, which no address may hold: addresses stand in logs and error messages. */
export interface TrackerKeys {
  /** A bearer token, or NAME:PASSWORD. */
  readonly mlflowToken?: string | undefined;
  readonly wandbKey?: string | undefined;
}

const FORMS = 'mlflow+https://HOST/EXPERIMENT or wandb+https://HOST/ENTITY/PROJECT';

/**
 * @param addresses separated by commas or blanks; empty: none
 * @throws AnnealError `cli.usage` naming the first address that has a wrong form
 */
export function createTrackers(addresses: string, keys: TrackerKeys = {}): Tracker[] {
  return addresses
    .split(/[\s,]+/)
    .filter((address) => address !== '')
    .map((address) => createTracker(address, keys));
}

function createTracker(address: string, keys: TrackerKeys): Tracker {
  const form = /^(mlflow|wandb)\+(https?:\/\/[^?#]+)$/.exec(address);
  const at = form === null ? null : URL.parse(form[2]!);
  if (form === null || at === null) throw usage(address);
  if (at.username !== '' || at.password !== '') {
    const bare = `${form[1]}+${at.protocol}//${at.host}${at.pathname}`;
    throw new AnnealError('cli.usage', `the tracker's address ${bare} holds a password; give the key by its variable`);
  }
  const parts = at.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  if (form[1] === 'mlflow') {
    const authorization = keys.mlflowToken === undefined ? undefined : mlflowAuthorization(keys.mlflowToken);
    // A server may lie below a path; the experiment is the last part.
    const name = parts.at(-1) ?? 'anneal';
    const url = [at.origin, ...parts.slice(0, -1).map(encodeURIComponent)].join('/');
    return createMlflowTracker({ http: createTrackerHttp(at.origin, authorization), url, experiment: name });
  }
  const [entity, project] = parts;
  if (entity === undefined || project === undefined || parts.length > 2) throw usage(address);
  const key = keys.wandbKey;
  const authorization = key === undefined ? undefined : `Basic ${Buffer.from(`api:${key}`).toString('base64')}`;
  return createWandbTracker({ http: createTrackerHttp(at.origin, authorization), url: at.origin, entity, project });
}

/** MLflow's own accounts use Basic; proxies before it take tokens, which hold no colon. */
const mlflowAuthorization = (key: string): string =>
  key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`;

const usage = (address: string): AnnealError =>
  new AnnealError('cli.usage', `${JSON.stringify(address)} is not a tracker's address: ${FORMS}`);
