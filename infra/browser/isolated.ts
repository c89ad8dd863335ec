// An isolated world: script that sees the page's document through prototypes and globals that the page cannot touch.
import type { CDPSession } from 'playwright-core';

export interface Isolated {
  evaluate(expression: string): Promise<unknown>;
  /** Calls a function, written as text, with the element as `this`. */
  on(backendNodeId: number, declaration: string, argument?: string): Promise<unknown>;
}

export function createIsolated(cdp: CDPSession): Isolated {
  let made: Promise<number> | undefined;
  // A navigation takes the world of the document before along.
  cdp.on('Runtime.executionContextsCleared', () => {
    made = undefined;
  });
  const ready = cdp.send('Runtime.enable');
  // A browser that is lost meanwhile fails whoever awaits this; where nobody does yet, it must not take the worker along.
  ready.catch(() => undefined);
  const world = (): Promise<number> => {
    made ??= (async () => {
      await ready;
      const { frameTree } = await cdp.send('Page.getFrameTree');
      const world = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'grader' });
      return world.executionContextId;
    })();
    return made;
  };
  /** Once more where the world went between its making and its use. */
  async function inWorld<T>(use: (executionContextId: number) => Promise<T>): Promise<T> {
    try {
      return await use(await world());
    } catch {
      made = undefined;
      return use(await world());
    }
  }
  return {
    async evaluate(expression) {
      return inWorld(async (contextId) => {
        const { result } = await cdp.send('Runtime.evaluate', { expression, contextId, returnByValue: true });
        return result.value;
      });
    },
    async on(backendNodeId, functionDeclaration, argument = '') {
      return inWorld(async (executionContextId) => {
        const { object } = await cdp.send('DOM.resolveNode', { backendNodeId, executionContextId });
        if (object.objectId === undefined) return undefined;
        const { result } = await cdp.send('Runtime.callFunctionOn', {
          objectId: object.objectId,
          functionDeclaration,
          arguments: [{ value: argument }],
          returnByValue: true,
        });
        return result.value;
      });
    },
  };
}
