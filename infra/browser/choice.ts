// Which browser a process judges in: Chromium on its own machine, or none where sandboxes are pods, since those show nothing.
import type { Browser } from '../../contracts/browser.ts';
import type { Config } from '../config.ts';
import { podsOf } from '../sandbox/choice.ts';
import { createChromiumBrowser } from './chromium.ts';

/** Nothing is looked for until a page has to be shown. Null where no browser can be isolated. */
export const chooseBrowser = (config: Pick<Config, 'deployment'>): Browser | null =>
  podsOf(config) === undefined ? createChromiumBrowser() : null;
