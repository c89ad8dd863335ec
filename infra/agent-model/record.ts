// Question and answer of a model as a file, for an operator who wants to see what left the machine and what came back.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AgentModel } from '../../contracts/agent-model.ts';

/**
 * What cannot be kept is not asked, and an answer that cannot be kept is none.
 * @param folder made when it is not there
 * @param name of the file, without its ending; no other file has it
 * @param redact of what comes back: a server knows the key that it was asked with
 */
export function recordedModel(
  model: AgentModel,
  folder: string,
  name: string,
  redact: (text: string) => string,
): AgentModel {
  const record = join(resolve(folder), `${name}.json`);
  return {
    ...model,
    record,
    async ask(question, signal) {
      const asked = new Date().toISOString();
      const document = { schema: 'anneal/asked/v1', model: model.model, asked, question };
      try {
        await mkdir(resolve(folder), { recursive: true });
        // Before it is sent: what left the machine is known even if nothing comes back.
        await writeFile(record, textOf({ ...document, answer: null }), { mode: 0o600, flag: 'wx' });
        const answer = await model.ask(question, signal);
        const kept = answer.how === 'answered' ? { ...answer, text: redact(answer.text) } : answer;
        await writeFile(record, textOf({ ...document, answered: new Date().toISOString(), answer: kept }));
        return answer;
      } catch {
        return { how: 'failed', why: 'unrecorded' };
      }
    },
  };
}

const textOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
