// The model as a workflow asks it: through the gateway, so that every request and answer is in the data pool.
import type { AgentModel, ModelAnswer } from '../../../contracts/agent-model.ts';
import type { AgentChat, Asked } from '../../../contracts/agent-ports.ts';

/** A line of its own among those of the rollout. */
const NAME = 'reader';

/**
 * @param model as the gateway calls it
 * `ask` throws what `chat.ask` throws: a machine at fault is for whoever runs the workflow to repeat.
 */
export function modelOfChat(chat: Pick<AgentChat, 'ask'>, model: string): AgentModel {
  return {
    ...{ model, way: 'gateway' },
    async ask({ system, user, maxTokens }, signal) {
      const messages = [
        { role: 'system' as const, content: system },
        { role: 'user' as const, content: user },
      ];
      try {
        return answerOf(await chat.ask({ agent: NAME, messages, tools: [], maxTokens, steps: [] }, signal));
      } catch (failure) {
        if (signal.aborted) return { how: 'failed', why: 'interrupted' };
        throw failure;
      }
    },
  };
}

function answerOf(asked: Asked): ModelAnswer {
  if (asked.how !== 'answered') return { how: 'failed', why: asked.how === 'too_long' ? 'rejected' : 'budget' };
  const { text, calls, finish } = asked.answer;
  if (calls.length > 0) return { how: 'failed', why: 'tool-call' };
  if (finish === 'length') return { how: 'failed', why: 'cut' };
  return text.trim() === '' ? { how: 'failed', why: 'empty' } : { how: 'answered', text };
}
