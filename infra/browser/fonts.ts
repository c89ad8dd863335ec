// Which letters a page paints by fonts of its own: such a font may paint any letter for any other.
import type { CDPSession } from 'playwright-core';

export async function broughtFonts(cdp: CDPSession, nodes: readonly number[]): Promise<ReadonlySet<number>> {
  await cdp.send('DOM.enable');
  await cdp.send('CSS.enable');
  // Numbers of the engine's are known to these two only once the document was asked for.
  await cdp.send('DOM.getDocument', { depth: 0 });
  const { nodeIds } = await cdp.send('DOM.pushNodesByBackendIdsToFrontend', { backendNodeIds: [...nodes] });
  const brought = new Set<number>();
  for (const [at, nodeId] of nodeIds.entries()) {
    const { fonts } = await cdp.send('CSS.getPlatformFontsForNode', { nodeId });
    if (fonts.some(({ isCustomFont }) => isCustomFont)) brought.add(nodes[at]!);
  }
  return brought;
}
