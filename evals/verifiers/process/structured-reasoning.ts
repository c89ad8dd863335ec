// structured-reasoning@1: reasoning in one closed block, before an answer or a call, without going in circles. What it says is not read.
import type { ComponentScore } from '../../../contracts/judgement.ts';
import { ofPolicy, type Transcript, type Turn } from './transcript.ts';

const BLOCK = /^\s*<think>([\s\S]*?)<\/think>([\s\S]*)$/;
const MARK = /<\/?think>/;
/** Words in a row; below this share of different ones the text goes in circles. */
const RUN = 8;
const LEAST_DIFFERENT = 0.5;

/** The share of the policy's turns that are in this form. */
export function structuredReasoning(transcript: Transcript, weight = 1): ComponentScore | undefined {
  const turns = ofPolicy(transcript);
  if (turns.length === 0) return undefined;
  const faults = turns.map(fault).filter((why) => why !== undefined);
  const score = 1 - faults.length / turns.length;
  return {
    name: 'structured-reasoning@1',
    kind: 'process',
    score,
    weight,
    why: faults[0] ?? 'every turn has its form',
  };
}

function fault({ content, calls = [] }: Turn): string | undefined {
  const [, reasoning, rest] = BLOCK.exec(content) ?? [];
  if (reasoning === undefined || rest === undefined) return 'a turn does not begin with a closed block of reasoning';
  if (MARK.test(reasoning) || MARK.test(rest)) return 'a turn has more than one block of reasoning';
  if (reasoning.trim() === '') return 'a block of reasoning is empty';
  if (rest.trim() === '' && calls.length === 0) return 'after the reasoning comes neither an answer nor a call';
  return goesInCircles(reasoning) ? 'a block of reasoning goes in circles' : undefined;
}

function goesInCircles(text: string): boolean {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const runs = words.length - RUN + 1;
  if (runs < 2 * RUN) return false;
  const different = new Set(Array.from({ length: runs }, (_, index) => words.slice(index, index + RUN).join(' ')));
  return different.size < LEAST_DIFFERENT * runs;
}
