// What the gate of an experiment asks, with its evidence. Pure.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { ExperimentSpec } from '../contracts/experiment.ts';
import { FACTS } from '../contracts/gate.ts';
import type { Question } from './ask.ts';

export function askPlan(
  { hypothesis, variables, budget, success, refuted, grounds, arms }: ExperimentSpec,
  { question, experiment, report }: { question: string; experiment: ArtifactRef; report: ArtifactRef },
): Question {
  return {
    title: `Experiment: ${hypothesis.slice(0, 120)}`,
    why: `Agents that had read documents propose it as an answer to: ${question.slice(0, 300)}`,
    risk: 'Whoever wrote the documents may have led the proposal. Handing the files out starts nothing; submitted, each campaign spends its budget.',
    facts: [
      { name: FACTS.experiment, value: experiment.sha256 },
      { name: 'hypothesis', value: hypothesis },
      ...variables.map(({ path, values }) => ({ name: `varied: ${path}`, value: values.join(', ') })),
      { name: 'campaigns', value: arms.map(({ name }) => name).join(', ') },
      {
        name: 'budget',
        value: `${budget.tokens} tokens and ${budget.wallClock} each, ${budget.tokens * arms.length} tokens in all`,
      },
      { name: 'held to be true with', value: `${success.metric} at least ${success.smallestEffect} above the base's` },
      { name: 'refuted by', value: refuted },
      { name: 'claims of the report that it rests on', value: grounds.length === 0 ? 'none' : grounds.join(', ') },
    ],
    logTail: [],
    options: [
      { name: 'hand-out', effect: 'The campaign files may be taken and submitted by a human. Nothing is started.' },
      { name: 'leave', effect: 'No file is handed out. The report stays.' },
    ],
    recommended: 'leave',
    safe: 'leave',
    attachments: [
      { name: 'experiment', object: experiment },
      { name: 'report', object: report },
      ...arms.map(({ name, campaign }) => ({ name: `${name}.yaml`, object: campaign })),
    ],
  };
}
