// The quarantined reader: a model without tools reads an excerpt of the logs, and its suspicions are put beside the diagnosis. They change
// nothing in it, and whatever the model does or fails to do, the diagnosis stands.
import { type AgentModel, isScripted, type ModelFailure } from '../../../contracts/agent-model.ts';
import type { Diagnosis, ReaderReport } from '../../../contracts/diagnosis.ts';
import type { Analysed } from '../diagnose.ts';
import { checkAnswer } from './answer.ts';
import type { Redact } from './conceal.ts';
import { excerptOf } from './excerpt.ts';
import { questionOf } from './question.ts';

export interface ReaderPorts {
  readonly model: AgentModel;
  readonly redact: Redact;
  /** A word that nobody can foresee. */
  readonly nonce: () => string;
  readonly signal: AbortSignal;
}

const FAILURES: Readonly<Record<ModelFailure, string>> = {
  unreachable: 'the model cannot be reached',
  late: 'the model did not answer in time',
  busy: 'the model is busy',
  'server-error': "the model's server failed",
  rejected:
    "the model's server rejected the request: its address, the key, the model's name or the length may be wrong",
  redirected: "the model's server named another address, which is not followed",
  refused: 'the model declined to answer',
  cut: "the model's answer broke off",
  'too-long': "the model's answer was too long to be one",
  empty: 'the model answered nothing',
  'tool-call': 'the model asked for a tool; it has none',
  'no-completion': 'what came from the address of the model is no answer of a model',
  budget: "the model's budget is spent",
  unrecorded: 'question or answer could not be kept, so they do not count',
  interrupted: 'asking the model was interrupted',
};
const MALFORMED = 'the model did not answer in the form that was asked for';

/** @returns the diagnosis as it was, with `hypotheses` and `reader` beside what the detectors found */
export async function withHypotheses({ diagnosis, series }: Analysed, ports: ReaderPorts): Promise<Diagnosis> {
  const { model, redact, signal } = ports;
  const excerpt = await excerptOf({ diagnosis, series, redact, signal });
  const question = questionOf(excerpt, diagnosis, ports.nonce);
  const answer = await model.ask(question, signal);
  const answered = answer.how === 'answered' ? answer.model : undefined;
  const by = { model: model.model, scripted: isScripted(model.model) || isScripted(answered ?? '') };
  const checked = answer.how === 'answered' ? checkAnswer(answer.text, { excerpt, by, redact }) : undefined;
  const failure = answer.how === 'failed' ? FAILURES[answer.why] : checked === undefined ? MALFORMED : undefined;
  const reader: ReaderReport = {
    ...by,
    ...{ way: model.way, state: failure === undefined ? 'answered' : 'failed' },
    ...{ offered: checked?.offered ?? 0, standing: checked?.hypotheses.length ?? 0 },
    shown: {
      lines: excerpt.lines.length,
      characters: question.system.length + question.user.length,
      secrets: excerpt.secrets,
    },
    record: model.record ?? null,
    notes: [...(failure === undefined ? [] : [failure]), ...(checked?.notes ?? [])],
  };
  return { ...diagnosis, hypotheses: [...(checked?.hypotheses ?? [])], reader };
}
