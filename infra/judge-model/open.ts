// The judge that a campaign names, with the key that this machine has for its address.
import type { JudgeSpec } from '../../contracts/judge.ts';
import type { JudgeModel } from '../../contracts/judge-model.ts';
import { modelKey } from '../model-keys.ts';
import { createOpenAiJudge } from './openai.ts';

/** @param keyFile ANNEAL_JUDGE_KEYS; undefined: judges are asked without a key */
export function openJudge(keyFile: string | undefined): (judge: JudgeSpec) => JudgeModel {
  return ({ endpoint, model, family }) => {
    const apiKey = modelKey(keyFile, endpoint, 'ANNEAL_JUDGE_KEYS');
    return createOpenAiJudge({ baseUrl: endpoint, model, family, ...(apiKey === undefined ? {} : { apiKey }) });
  };
}
