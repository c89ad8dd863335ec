// What is wrong with the local stack, for commands whose answer depends on it.
import type { StackInfo } from '../../infra/stack/stack.ts';
import { troubleOf } from '../../infra/stack/state.ts';

export function stackTroubles({ children }: Pick<StackInfo, 'children'>): string[] {
  return children.flatMap((child) => {
    const trouble = troubleOf(child);
    return trouble === undefined ? [] : [`! ${child.name} ${trouble}. See ./anneal doctor`];
  });
}
