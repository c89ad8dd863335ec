// What a record says of a turn: the answer as far as it came, its tokens, and why they are not exact where they are not. Pure.
import type { AnnealError } from '../../contracts/errors.ts';
import type { TurnEnd } from '../../contracts/turn.ts';
import type { TurnAnswer } from '../wire/turn.ts';
import type { UpstreamCall } from '../wire/upstream/request.ts';
import type { TokenTrace } from '../wire/upstream/tokens.ts';
import type { Outcome } from './capture.ts';
import type { TurnServer } from './server.ts';

/** The parts of an answer that have come: without a finish if it broke off. */
export type Partial = Omit<TurnAnswer, 'finish' | 'id' | 'created'> & Pick<{ finish?: TurnAnswer['finish'] }, 'finish'>;

export interface Told {
  readonly server: TurnServer;
  readonly call: UpstreamCall;
  readonly end: TurnEnd;
  readonly answer: Partial;
  readonly tokens: TokenTrace | undefined;
  /** Where the server does not tell, as its tokenizer says. */
  readonly promptIds: readonly number[] | undefined;
  readonly absurdUsage: boolean;
  /** Of the body that the client is sent. */
  readonly sent?: Outcome['sent'];
  readonly failure?: { readonly how: 'error' | 'aborted'; readonly error: AnnealError };
}

export function outcomeOf({ server, call, end, answer, tokens, absurdUsage, sent, failure, ...told }: Told): Outcome {
  const { model, content, finish, stopSequence, usage } = answer;
  const promptIds = tokens?.promptIds ?? told.promptIds;
  const reasons =
    failure === undefined ? doubts({ server, call, tokens, promptIds, usage, absurdUsage }) : ['no whole answer'];
  const exact = reasons.length === 0;
  return {
    fidelity: exact ? 'token-exact' : 'text-only',
    promptIds: [...(promptIds ?? [])],
    completionIds: [...(tokens?.completionIds ?? [])],
    logprobs: [...(tokens?.logprobs ?? [])],
    text: content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    finish: failure?.how ?? (finish === 'length' ? 'length' : 'stop'),
    ...(failure === undefined ? {} : { error: `${failure.error.code}: ${failure.error.message}` }),
    ...(server.weights === undefined ? {} : { weights: server.weights }),
    answer: {
      ...{ model, content: [...content] },
      ...(finish === undefined ? {} : { finish }),
      ...(stopSequence === undefined ? {} : { stopSequence }),
      ...(usage === undefined ? {} : { usage }),
    },
    upstream: {
      ...{ kind: server.upstream.kind, model: String(call.body.model), streamed: call.streamed, end },
      lost: [...call.lost],
    },
    ...(exact ? {} : { inexact: reasons }),
    ...(sent === undefined ? {} : { sent }),
  };
}

function doubts(
  of: Pick<Told, 'server' | 'call' | 'tokens' | 'promptIds' | 'absurdUsage'> & { usage: Partial['usage'] },
): string[] {
  const { server, call, tokens, promptIds, usage, absurdUsage } = of;
  if (!server.upstream.tokens || tokens === undefined) return ['the server was not asked for tokens'];
  const reasons = call.bent.map((member) => `${member} bends the distribution that was sampled from`);
  if (tokens.inexact !== undefined) reasons.push(tokens.inexact);
  if (promptIds === undefined) reasons.push("the prompt's token ids are not known");
  else if (usage !== undefined && usage.input !== promptIds.length) {
    reasons.push(`${promptIds.length} ids of the prompt, but ${usage.input} tokens in the usage`);
  }
  if (absurdUsage) reasons.push('the server told a usage that cannot be');
  return reasons;
}
