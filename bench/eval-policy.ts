// The policy server of the evaluation bench, in a process of its own: *scripted*, no model. It answers each question of eval-samples.ts as its
// sample says, and takes no time for it. argv: how many questions there are. Prints its URL as the first line.
import { writeSync } from 'node:fs';
import { startScriptedUpstream } from '../tests/support/scripted-upstream.ts';
import { samples } from './eval-samples.ts';

const replies = new Map(samples(Number(process.argv[2])).map(({ prompt, reply }) => [prompt, reply]));
const upstream = await startScriptedUpstream();
upstream.script = (answer, { prompt, post_sampling_probs, n_predict }) => {
  // Bodies are kept for tests; a benchmark sends too many.
  upstream.bodies.length = 0;
  const asked = /What is .* alone\./.exec(String.fromCodePoint(...prompt))?.[0];
  const reply = replies.get(asked ?? '');
  if (reply === undefined || reply.length >= n_predict) throw new Error(`not in the script: ${asked}`);
  const tokens = [...reply].map((letter) => letter.codePointAt(0)!);
  answer.content = reply;
  answer.tokens = tokens;
  answer.completion_probabilities = tokens.map((id) => ({
    id,
    ...(post_sampling_probs ? { prob: 0.5 } : { logprob: -1 }),
  }));
  answer.stop_type = 'eos';
};
writeSync(1, `${upstream.url}\n`);
