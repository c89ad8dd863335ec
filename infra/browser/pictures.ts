// Two pictures of a page: as it is, and with its letters taken away. What differs between them is writing that a reader sees; whatever
// hides a text (a colour, a clip, something above it, a font without letters) leaves no difference behind, and so none has to be named.
import type { CDPSession, Page } from 'playwright-core';
import type { Pictures } from '../../contracts/browser.ts';
import type { Isolated } from './isolated.ts';

/** Of a picture, pixels: what lies beyond is not looked at. */
const MOST_WIDTH = 2_000;
const MOST_HEIGHT = 16_000;

/**
 * Lines stay where they are, boxes and pictures too. Inline and important, so that no style sheet of the page comes before it; where a
 * background is cut to the letters, it goes with them.
 */
const UNLETTERED = `(() => {
  const bare = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot !== null) bare(one.shadowRoot);
      if (one.style === undefined) continue;
      const set = (name, value) => one.style.setProperty(name, value, 'important');
      if (getComputedStyle(one).backgroundClip.includes('text')) set('background', 'none');
      set('-webkit-text-fill-color', 'transparent');
      set('-webkit-text-stroke-color', 'transparent');
      set('text-shadow', 'none');
      if (one instanceof SVGTextContentElement) {
        set('fill', 'transparent');
        set('stroke', 'transparent');
      }
    }
  };
  bare(document);
})()`;

/** The page's scripts are stopped first, and stay so: a page that notices that it is looked at could change what is seen. */
export async function takePictures(page: Page, cdp: CDPSession, isolated: Isolated): Promise<Pictures> {
  await cdp.send('Emulation.setScriptExecutionDisabled', { value: true });
  const { cssContentSize } = await cdp.send('Page.getLayoutMetrics');
  const width = Math.max(1, Math.min(cssContentSize.width, MOST_WIDTH));
  const height = Math.max(1, Math.min(cssContentSize.height, MOST_HEIGHT));
  const shot = () =>
    page.screenshot({ animations: 'disabled', caret: 'hide', fullPage: true, clip: { x: 0, y: 0, width, height } });
  const whole = await shot();
  await isolated.evaluate(UNLETTERED);
  return { whole, unlettered: await shot() };
}
