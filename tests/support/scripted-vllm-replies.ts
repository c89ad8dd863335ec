// What scripted vLLM servers write to tasks: a right function or a wrong one, by the request's seed, with made-up experts.
import type { CompletionAnswer, CompletionBody } from './scripted-vllm-parts.ts';

/** By the names that the catalogue gives to the functions. */
const RIGHT: Readonly<Record<string, string>> = {
  add: 'x[0] + x[1]',
  sub: 'x[0] - x[1]',
  mul: 'x[0] * x[1]',
  neg: '-x[0]',
  eq: 'x[0] == x[1]',
  upper: 'x[0].upper()',
  lower: 'x[0].lower()',
};

export interface Shape {
  readonly layers: number;
  readonly experts: number;
  readonly topK: number;
}

export function answerTask(answer: CompletionAnswer, asked: CompletionBody, shape: Shape): void {
  const prompt = asked.prompt.map((code) => String.fromCodePoint(code)).join('');
  const name = /Write a Python function `(\w+)\(/.exec(prompt)?.[1] ?? 'unknown';
  const body = (asked.seed ?? 0) % 2 === 0 ? (RIGHT[name] ?? 'None') : 'None';
  const text = `\`\`\`python\ndef ${name}(*x): return ${body}\n\`\`\``;
  const ids = [...text].map((character) => character.codePointAt(0)!);
  const given = answer.choices[0]!;
  if (given.finish_reason === 'abort') return;
  Object.assign(given, {
    ...{ text, token_ids: ids, finish_reason: 'stop' },
    logprobs: { tokens: ids.map((id) => `token_id:${id}`), token_logprobs: ids.map(() => -0.5) },
    routed_experts: routesOf(asked.prompt.length + ids.length, shape),
  });
}

/** Base64 of a .npy file of bytes, [tokens - 1, layers, experts a token]. */
export function routesOf(tokens: number, { layers, experts, topK }: Shape): string {
  const places = tokens - 1;
  const data = Uint8Array.from({ length: places * layers * topK }, (_, at) => {
    const [token, layer] = [Math.floor(at / (layers * topK)), Math.floor(at / topK) % layers];
    return (token + layer + (at % topK)) % experts;
  });
  const about = `{'descr': '|u1', 'fortran_order': False, 'shape': (${places}, ${layers}, ${topK}), }`;
  // Magic, version and length take ten bytes; the whole header is a multiple of 64.
  const padded = `${about.padEnd(Math.ceil((about.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.alloc(2), Buffer.from(padded)]);
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, data]).toString('base64');
}
