// A judge of another family: says of each claim whether its quotes bear it out. It can take a claim away; it cannot bring one back.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { JudgeModel, JudgeQuestion } from '../../contracts/judge-model.ts';
import type { Claim } from '../../contracts/research.ts';
import { aboutData } from '../coder/material.ts';

const RULES = `You are shown one claim and what it quotes from documents. Say whether the quotes alone bear out all of the claim: nothing more general, nothing more certain, nothing else. When in doubt, no.
Answer with one JSON object and nothing else: {"supported": true} or {"supported": false}`;

const form = z.strictObject({ supported: z.boolean() });

/** @returns undefined where nothing came that counts */
export async function isBorneOut(
  { text, citations }: Claim,
  judge: Pick<JudgeModel, 'answer'>,
): Promise<boolean | undefined> {
  const nonce = randomBytes(8).toString('hex');
  const data = (title: string, content: string): string =>
    `[data ${nonce}: ${title}]\n${content}\n[end of data ${nonce}]`;
  const question: JudgeQuestion = {
    system: `${RULES}\n\n${aboutData(nonce)}`,
    user: [...citations.map(({ quote }) => data('a quote', quote)), data('the claim', text)].join('\n\n'),
    schema: z.toJSONSchema(form) as JudgeQuestion['schema'],
    ...{ temperature: 0, maxTokens: 50 },
  };
  try {
    return form.parse(JSON.parse(await judge.answer(question))).supported;
  } catch {
    return undefined;
  }
}
