// Most of a stream is chunks that hold a piece of text and nothing else. They are told apart here, because reading one by the schema of
// everything that a chunk may hold takes longer than all the rest that is done with it.

interface Delta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly tool_calls?: unknown;
}

interface Choice {
  readonly index?: unknown;
  readonly delta?: Delta | null;
  readonly message?: unknown;
  readonly finish_reason?: unknown;
  readonly logprobs?: unknown;
  readonly token_ids?: unknown;
  readonly prompt_token_ids?: unknown;
  readonly meta_info?: unknown;
}

interface Chunk {
  readonly choices?: unknown;
  readonly usage?: unknown;
  readonly error?: unknown;
  readonly prompt_token_ids?: unknown;
  readonly sglext?: unknown;
  readonly meta_info?: unknown;
}

/** Its text; undefined for whatever holds more, less, or something else: that is read by the schema. */
export function plainDelta(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { choices, usage, error, prompt_token_ids, sglext, meta_info } = value as Chunk;
  if (usage != null || error != null || prompt_token_ids != null || sglext != null || meta_info != null)
    return undefined;
  if (!Array.isArray(choices) || choices.length !== 1) return undefined;
  const choice = choices[0] as Choice | null;
  if (typeof choice !== 'object' || choice === null || (choice.index ?? 0) !== 0) return undefined;
  if (choice.finish_reason != null || choice.message != null || choice.logprobs != null) return undefined;
  if (choice.token_ids != null || choice.prompt_token_ids != null || choice.meta_info != null) return undefined;
  const { delta } = choice;
  if (typeof delta !== 'object' || delta === null) return undefined;
  if (delta.refusal != null || delta.reasoning_content != null || delta.reasoning != null || delta.tool_calls != null) {
    return undefined;
  }
  return typeof delta.content === 'string' && delta.content !== '' ? delta.content : undefined;
}
