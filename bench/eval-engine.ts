// The model of the evaluation bench, inside the process that asks it, as Inspect's mockllm is: *scripted*. It answers each question of
// eval-samples.ts as its sample says, and takes no time for it.
import { makePolicyName } from '../contracts/ids.ts';
import type { Engines } from '../gateway/engine.ts';
import type { Sample } from './eval-samples.ts';

export function scriptedEngines(samples: readonly Sample[]): Engines {
  const replies = new Map(samples.map(({ prompt, reply }) => [prompt, reply]));
  return {
    async generate(policy, messages, { maxTokens }) {
      const asked = messages.at(-1)?.content ?? '';
      // The instruction says after the question in which form the file is wanted.
      const reply = replies.get(asked.split('\n', 1)[0]!);
      if (reply === undefined || reply.length >= maxTokens) throw new Error(`not in the script: ${asked}`);
      const completionIds = tokensOf(reply);
      return {
        ...{ model: policy, promptIds: tokensOf(asked), completionIds, logprobs: completionIds.map(() => -1) },
        ...{ fidelity: 'token-exact', text: reply, finish: 'stop' },
      };
    },
    list: async () => [makePolicyName('demo' as never, 0)],
    forget: () => undefined,
    close: () => undefined,
  };
}

const tokensOf = (text: string): number[] => [...text].map((letter) => letter.codePointAt(0)!);
