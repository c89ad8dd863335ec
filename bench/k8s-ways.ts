/** `ours`: the runner as a worker has it. `lists`: the same without its watch. `client-node`: as the library's own examples have it. */
export const WAYS = ['ours', 'lists', 'client-node'] as const;
