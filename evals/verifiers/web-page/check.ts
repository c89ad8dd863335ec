// What a task of the format `web-page` says to its grader. Texts may hold `{{name}}`: an input that differs for every judgement.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { pageInputs, placesIn } from './inputs.ts';

const described = {
  /** Of the accessibility tree: button, textbox, listitem, heading, row, cell … */
  role: z.string().optional(),
  /** The accessible name, whole, case aside. */
  name: z.string().optional(),
  /** Its text, whole. */
  text: z.string().optional(),
  textIncludes: z.string().optional(),
  tag: z.string().optional(),
  attributes: z.record(z.string(), z.string()).optional(),
};
const saysSomething = (one: object): boolean => Object.keys(described).some((key) => key in one);
const SILENT = 'says nothing of what is meant';

/** What is meant on the page, as a user would say it. Everything that is given must hold; only what can be seen is found. */
export const target = z
  .strictObject({
    ...described,
    /** Lies inside one of these. */
    within: z.strictObject(described).refine(saysSomething, SILENT).optional(),
    /** Which of several, from 0; -1 is the last. */
    nth: z.int().optional(),
  })
  .refine(saysSomething, SILENT);
export type Target = z.infer<typeof target>;

export const assertion = z.discriminatedUnion('that', [
  z.strictObject({ that: z.literal('present'), of: target }),
  z.strictObject({ that: z.literal('absent'), of: target }),
  z.strictObject({ that: z.literal('count'), of: target, is: z.int().nonnegative() }),
  z.strictObject({ that: z.literal('text'), of: target, is: z.string() }),
  z.strictObject({ that: z.literal('text-includes'), of: target, is: z.string() }),
  /** Of every one that is meant, in the order of the page. */
  z.strictObject({ that: z.literal('texts'), of: target, are: z.array(z.string()) }),
  z.strictObject({ that: z.literal('value'), of: target, is: z.string() }),
  z.strictObject({
    that: z.literal('state'),
    of: target,
    state: z.enum(['checked', 'disabled', 'expanded', 'focused', 'pressed', 'selected']),
    is: z.boolean(),
  }),
  /** Path, query and fragment. */
  z.strictObject({ that: z.literal('address-includes'), is: z.string().min(1) }),
  /** Some value of the local storage. */
  z.strictObject({ that: z.literal('stored-includes'), is: z.string().min(1) }),
  /** Some file that was downloaded; each text in it. */
  z.strictObject({
    that: z.literal('downloaded'),
    name: z.string().optional(),
    includes: z.array(z.string().min(1)).min(1),
  }),
]);
export type Assertion = z.infer<typeof assertion>;

export const viewport = z.strictObject({ width: z.int().min(240).max(3_000), height: z.int().min(240).max(3_000) });

const key = z
  .string()
  .regex(/^((Control|Shift|Alt|Meta)\+)*([A-Za-z0-9]|[A-Z][A-Za-z0-9]+|Space)$/, 'a key like Enter or Control+a');

export const action = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('click'), on: target, count: z.int().min(1).max(3).default(1) }),
  /** Types into a field, or chooses an option by its label. */
  z.strictObject({ do: z.literal('fill'), on: target, text: z.string() }),
  z.strictObject({ do: z.literal('press'), key }),
  z.strictObject({ do: z.literal('navigate'), to: z.string() }),
  z.strictObject({ do: z.literal('reload') }),
  z.strictObject({ do: z.literal('back') }),
  z.strictObject({ do: z.literal('wait'), milliseconds: z.int().min(1).max(10_000) }),
  z.strictObject({ do: z.literal('resize'), viewport }),
]);
export type Action = z.infer<typeof action>;

const expectation = z.strictObject({
  expect: assertion,
  /**
   * not: it must not hold before the actions above it, up to the expectation before. What held all along was not brought about.
   * any: it may, for what stays as it is.
   */
  before: z.enum(['not', 'any']).default('not'),
});
export type Expectation = z.infer<typeof expectation>;
export const step = z.union([action, expectation]);
export type Step = z.infer<typeof step>;
export const isExpectation = (one: Step): one is Expectation => 'expect' in one;

const scenario = z
  .strictObject({
    name: z.string().min(1),
    weight: z.number().positive().default(1),
    /** A failure ends the judgement. */
    hard: z.boolean().default(false),
    viewport: viewport.default({ width: 1280, height: 720 }),
    steps: z.array(step).min(1),
  })
  .refine(
    ({ steps }) => steps.every((one, at) => at > 0 || !isExpectation(one) || one.before === 'any'),
    'what is expected before any action cannot have been brought about: before must be any',
  )
  .refine(
    ({ steps }) => steps.some((one) => isExpectation(one) && one.before === 'not'),
    'expects nothing that its actions bring about',
  );
export type Scenario = z.infer<typeof scenario>;

const rule = z.discriminatedUnion('rule', [
  /** Nothing has to be scrolled sideways. */
  z.strictObject({ rule: z.literal('fits') }),
  /** These do not lie over one another. */
  z.strictObject({ rule: z.literal('apart'), of: z.array(target).min(2) }),
  /** Of the painted letters against what is behind them: 4.5 is WCAG's AA. */
  z.strictObject({ rule: z.literal('contrast'), of: target, atLeast: z.number().min(1).max(21).default(4.5) }),
  z.strictObject({ rule: z.literal('size'), of: target, width: z.number().positive(), height: z.number().positive() }),
  /** Its content is neither cut off nor spilling out. */
  z.strictObject({ rule: z.literal('uncut'), of: target }),
  /** Something other than one even colour is there. */
  z.strictObject({ rule: z.literal('painted'), of: target }),
]);
export type Rule = z.infer<typeof rule>;

export const layoutCheck = z.strictObject({
  viewports: z
    .array(viewport)
    .min(1)
    .max(4)
    .default([
      { width: 1280, height: 720 },
      { width: 390, height: 844 },
    ]),
  /** Done first, so that there is something to lay out. */
  steps: z.array(action).default([]),
  rules: z.array(rule).min(1),
  weight: z.number().positive().default(1),
  hard: z.boolean().default(false),
});
export type LayoutCheck = z.infer<typeof layoutCheck>;

export const webPageCheck = z
  .strictObject({
    entry: relativePath.regex(/\.html?$/, 'an HTML file'),
    /** Parts of messages of uncaught errors that do no harm. */
    allowedErrors: z.array(z.string().min(1)).default([]),
    inputs: pageInputs,
    scenarios: z.array(scenario).min(1),
    layout: layoutCheck.nullable(),
    /** How often each scenario is played, with other inputs each time. */
    draws: z.int().min(1).max(5).default(2),
    /** How long a page may take to show what it has to. */
    patienceMs: z.int().min(100).max(20_000).default(3_000),
  })
  .superRefine(({ inputs, scenarios, layout }, context) => {
    const missing = placesIn([scenarios, layout]).filter((name) => !Object.hasOwn(inputs, name));
    if (missing.length > 0) context.addIssue({ code: 'custom', message: `no inputs ${missing.join(', ')}` });
    if (placesIn(scenarios).length === 0)
      context.addIssue({ code: 'custom', message: 'no scenario uses a secret input' });
  });
export type WebPageCheck = z.infer<typeof webPageCheck>;
