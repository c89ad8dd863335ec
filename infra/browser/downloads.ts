// Downloads land in the browser's own sized file system, which nothing outside can see. A page of ours, in a profile of its own, reads them
// from there, as if a user had chosen the file.
import type { CDPSession, Browser as Chromium } from 'playwright-core';
import { DOWNLOAD_FOLDER } from './profile.ts';

const MOST = 5;
const MOST_BYTES = 8 * 2 ** 20;

export type Downloads = Map<string, { readonly name: string; ended: boolean }>;

export async function watchDownloads(browser: Chromium, page: CDPSession): Promise<Downloads> {
  const downloads: Downloads = new Map();
  const { targetInfo } = await page.send('Target.getTargetInfo');
  // Events of downloads go to the session that asked for them, and only a browser's own session may ask for one profile's.
  const cdp = await browser.newBrowserCDPSession();
  cdp.on('Browser.downloadWillBegin', ({ guid, suggestedFilename }) => {
    if (downloads.size < MOST) downloads.set(guid, { name: suggestedFilename.slice(0, 200), ended: false });
  });
  cdp.on('Browser.downloadProgress', ({ guid, state }) => {
    const download = downloads.get(guid);
    if (download !== undefined && state === 'completed') download.ended = true;
  });
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    ...(targetInfo.browserContextId === undefined ? {} : { browserContextId: targetInfo.browserContextId }),
    downloadPath: DOWNLOAD_FOLDER,
    eventsEnabled: true,
  });
  return downloads;
}

const READ = `async (most) => {
  const file = document.querySelector('input').files[0];
  if (file === undefined || file.size > most) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}`;

export async function readDownloads(
  browser: Chromium,
  downloads: Downloads,
): Promise<{ name: string; bytes: Uint8Array }[]> {
  const ended = [...downloads].filter(([, { ended: there }]) => there);
  if (ended.length === 0) return [];
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.setContent('<input type="file">');
    const cdp = await context.newCDPSession(page);
    const read: { name: string; bytes: Uint8Array }[] = [];
    for (const [guid, { name }] of ended) {
      const { root } = await cdp.send('DOM.getDocument', { depth: -1 });
      const { nodeId } = await cdp.send('DOM.querySelector', { nodeId: root.nodeId, selector: 'input' });
      await cdp.send('DOM.setFileInputFiles', { nodeId, files: [`${DOWNLOAD_FOLDER}/${guid}`] });
      const { result } = await cdp.send('Runtime.evaluate', {
        expression: `(${READ})(${MOST_BYTES})`,
        awaitPromise: true,
        returnByValue: true,
      });
      if (typeof result.value === 'string') read.push({ name, bytes: Buffer.from(result.value, 'latin1') });
    }
    return read;
  } finally {
    await context.close();
  }
}
