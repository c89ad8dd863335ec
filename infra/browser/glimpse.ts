// What a window shows, as a picture that the page does not notice: nothing is resized, stopped or written into it.
import type { CDPSession } from 'playwright-core';
import type { Glimpse } from '../../contracts/browser.ts';

export async function glimpse(cdp: CDPSession): Promise<Glimpse> {
  const { data } = await cdp.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true });
  const { cssVisualViewport } = await cdp.send('Page.getLayoutMetrics');
  return { png: Buffer.from(data, 'base64'), x: cssVisualViewport.pageX, y: cssVisualViewport.pageY };
}
