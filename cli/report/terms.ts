// Words of the report explained where they are used, and once more as a list at its end.
import { type Html, html } from '../../infra/markup/html.ts';

const TERMS = {
  'pass rate': 'Share of replies whose program gave the right result on every test case.',
  'format rate': 'Share of replies that are exactly one code block defining the asked function, right or wrong.',
  'correct when well-formed':
    'Among the well-formed replies, the share that is right. It tells skill from mere form: a rising pass rate with this one falling means that the model learnt the shape of answers.',
  interval:
    'A range made so that it would contain the true value in the stated share of repetitions. It goes by the number of functions, not of replies, because replies on one function resemble each other.',
  gain: 'Difference to the starting model on the same tasks, compared task by task.',
  visible: 'The split that training draws its tasks from.',
  'gate split':
    'Tasks never trained on, by which each round is judged. Choosing the best of several rounds by it makes its figure for the chosen one somewhat too high.',
  'sealed split':
    'Tasks on functions that no decision was based on. It is opened at most once, by a signed decision, and gives the figure to trust.',
  look: 'One decision about a candidate by the gate split. The more often one looks, the more likely chance alone looks good: each further look may spend less.',
  'noise floor': 'How far two measurements of one and the same version lie apart. A gain that is no larger is none.',
  'e-value':
    'What a bettor against “no gain on average” would own by now for every 1 put in. It holds whatever the shape of the differences.',
  'visible gap':
    'Gain on a fixed part of the visible split minus that on the gate split. Shown to be large, it means that tasks were learnt and not the skill: promotion is frozen.',
  round: 'Select tasks, roll out, reward, train, evaluate, decide.',
  rollout: 'One attempt at one task by one policy version.',
  verdict:
    'promote: the new version is the best so far. hold: go on from it. revert: go back to the best. ask: a human decides.',
  'policy version': 'The base model with an adapter, numbered; version 0 is the base model itself.',
  loss: 'What the optimizer minimises: the weighted log-likelihood of the sampled tokens, with its sign turned. The weights are the algorithm’s (CISPO, where none is named).',
  KL: 'How far the policy has moved from the one that produced the samples, estimated on them; 0 means not at all.',
  entropy:
    'How undecided the model is about its next token, on average. A collapse towards 0 means that it repeats itself.',
  'clip fraction':
    'Share of tokens whose importance ratio reached the clipping bound; many of them slow learning down.',
  staleness: 'How many optimizer steps lie between the policy that wrote a sample and the one that learns from it.',
  'gradient norm': 'Length of the gradient before clipping; a spike announces instability.',
  masked:
    'A rollout that was requested and finished but is not trained on, with the reason; never counted as reward 0.',
  'zero advantage': 'All replies in a group earned the same, so that there is nothing to prefer.',
  conservation:
    'Every requested training rollout is trained on, masked or cancelled, exactly once; the three sets come from the workflow’s plans, the trainer’s results and the data pool.',
  unattended: 'Answered without a human present, by following the recommendation (--yes).',
  'self-approved': 'Approved by the owner of the campaign, which a production configuration refuses.',
  'lock root': 'One hash over all tasks of all splits; a changed task would change it.',
} as const;

export type Term = keyof typeof TERMS;

const slug = (term: string): string => `term-${term.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;

/** A term that explains itself on hover and focus, and links to the glossary where neither exists. */
export function term(name: Term, shown: string = name): Html {
  return html`<a class="term" href="#${slug(name)}">${shown}<span class="tip" role="tooltip">${TERMS[name]}</span></a>`;
}

export function glossary(): Html {
  const entries = Object.entries(TERMS).map(
    ([name, meaning]) => html`<div id="${slug(name)}"><dt>${name}</dt><dd>${meaning}</dd></div>`,
  );
  return html`<section id="glossary" aria-labelledby="h-glossary"><h2 id="h-glossary">Words</h2><dl class="glossary">${entries}</dl></section>`;
}
