// A *scripted* model behind the port that agents ask by: it is no model, and says the next line with each request. It judges circles as the
// gateway does, by the policy that the gateway has it from.
import type { AgentChat, Asked, ChatRequest } from '../../contracts/agent-ports.ts';
import { completionId } from '../../contracts/ids.ts';
import { judgeLoop } from '../../policies/loops.ts';

export type ChatMove =
  | { readonly say: string }
  | { readonly tool: string; readonly with: object }
  | { readonly raw: { readonly name: string; readonly arguments: string } }
  | { readonly end: 'exhausted' | 'late' | 'looping' | 'too_long' }
  | { readonly wait: number };

export interface ScriptedChat extends AgentChat {
  readonly asked: readonly ChatRequest[];
}

/** @param moves one a request; a function makes each from what it is asked */
export function scriptedChat(
  moves: readonly ChatMove[] | ((request: ChatRequest, turn: number) => ChatMove),
): ScriptedChat {
  const asked: ChatRequest[] = [];
  return {
    asked,
    async ask(request, signal): Promise<Asked> {
      const turn = asked.length;
      asked.push(request);
      const steps = request.steps.map((step) => ({ did: step, saw: step, called: true }));
      const { loop, refused } = judgeLoop(steps, 'stop');
      if (refused) return { how: 'looping' };
      const move = typeof moves === 'function' ? moves(request, turn) : moves[turn];
      if (move === undefined) throw new Error(`the script has ${turn} moves, and is asked once more`);
      if ('end' in move) return { how: move.end };
      if ('wait' in move) {
        await new Promise((_, reject) => {
          const timer = setTimeout(() => reject(new Error('waited in vain')), move.wait);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(signal.reason);
          });
        });
      }
      const call =
        'tool' in move
          ? { name: move.tool, arguments: JSON.stringify(move.with) }
          : 'raw' in move
            ? move.raw
            : undefined;
      return {
        how: 'answered',
        answer: {
          completion: completionId.parse(`scripted/c${turn}`),
          text: 'say' in move ? move.say : '',
          calls: call === undefined ? [] : [{ id: `call-${turn}`, ...call }],
          finish: call === undefined ? 'stop' : 'tool_calls',
          tokens: { prompt: 100, completion: 50 },
          milliseconds: 1,
          ...(loop === undefined ? {} : { loop }),
        },
      };
    },
    tell: async () => 'scripted',
  };
}
