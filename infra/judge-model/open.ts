// The judge that a campaign names, with the key that this machine has for its address.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { JudgeSpec } from '../../contracts/judge.ts';
import type { JudgeModel } from '../../contracts/judge-model.ts';
import { createOpenAiJudge } from './openai.ts';

/** Keys by the address that they are for. A campaign names addresses, and whoever submits one must not have a key sent elsewhere. */
const keys = z.record(z.url(), z.string().min(1));

/** @param keyFile ANNEAL_JUDGE_KEYS; undefined: judges are asked without a key */
export function openJudge(keyFile: string | undefined): (judge: JudgeSpec) => JudgeModel {
  return ({ endpoint, model, family }) => {
    const apiKey = keyFile === undefined ? undefined : readKeys(keyFile)[endpoint];
    return createOpenAiJudge({ baseUrl: endpoint, model, family, ...(apiKey === undefined ? {} : { apiKey }) });
  };
}

function readKeys(file: string): z.infer<typeof keys> {
  try {
    return keys.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // What stands in it is not shown: it is made of keys.
    throw new AnnealError('cli.usage', `ANNEAL_JUDGE_KEYS=${file} is no JSON object of keys by address`);
  }
}
