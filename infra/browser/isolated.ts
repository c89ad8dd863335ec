// An isolated world: script that sees the page's document through prototypes and globals that the page cannot touch.
import type { CDPSession } from 'playwright-core';

export interface Isolated {
  evaluate(expression: string): Promise<unknown>;
  /** Calls a function, written as text, with the element as `this`. */
  on(backendNodeId: number, declaration: string, argument?: string): Promise<unknown>;
}

export function createIsolated(cdp: CDPSession): Isolated {
  /** Of the document that is there now: a navigation takes the world before along. */
  async function world(): Promise<number> {
    const { frameTree } = await cdp.send('Page.getFrameTree');
    const made = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'grader' });
    return made.executionContextId;
  }
  return {
    async evaluate(expression) {
      const contextId = await world();
      const { result } = await cdp.send('Runtime.evaluate', { expression, contextId, returnByValue: true });
      return result.value;
    },
    async on(backendNodeId, functionDeclaration, argument = '') {
      const executionContextId = await world();
      const { object } = await cdp.send('DOM.resolveNode', { backendNodeId, executionContextId });
      if (object.objectId === undefined) return undefined;
      const { result } = await cdp.send('Runtime.callFunctionOn', {
        objectId: object.objectId,
        functionDeclaration,
        arguments: [{ value: argument }],
        returnByValue: true,
      });
      return result.value;
    },
  };
}
