// Who is told of an open gate, and when: one document for an installation, read by its workers. It holds addresses that are secrets.
import { z } from 'zod';
import { gateKind } from './gate.ts';
import { duration } from './units.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes, at most 40');

/** Of the day, in the timezone beside it. */
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day like 07:30');

const timezone = z.string().refine(isTimezone, 'a timezone like Europe/Berlin or UTC').default('UTC');

export const channel = z.discriminatedUnion('kind', [
  /** Slack's incoming webhooks, and whatever takes the same: a text and a link, never the decision itself. */
  z.strictObject({ kind: z.literal('slack'), url: z.url() }),
  /** JSON by POST; `secret` signs it (docs/on-call.md). */
  z.strictObject({ kind: z.literal('webhook'), url: z.url(), secret: z.string().min(16).optional() }),
  z.strictObject({ kind: z.literal('email'), to: z.array(z.email()).min(1) }),
]);
export type Channel = z.infer<typeof channel>;

export const rotation = z.strictObject({
  people: z.array(name).min(1),
  /** The day on which the first of them begins. */
  from: z.iso.date(),
  days: z.int().min(1).max(90).default(7),
  handover: clock.default('09:00'),
  timezone,
});
export type Rotation = z.infer<typeof rotation>;

export const quietHours = z.strictObject({
  from: clock,
  to: clock,
  timezone,
  /** Told at any hour. */
  urgent: z.array(gateKind).default(['integrity']),
  /** A gate that would end in the quiet is told of this long before it does. */
  lead: duration.default('1h'),
});
export type QuietHours = z.infer<typeof quietHours>;

export const escalationStep = z.strictObject({
  /** Since the gate opened. */
  after: duration,
  /** `on-call`, `next` in the rotation, a person, or a channel. */
  tell: z.array(name).min(1),
});

export const onCallSpec = z
  .strictObject({
    apiVersion: z.literal('anneal/v1'),
    kind: z.literal('OnCall'),
    /** Where links lead; without it messages name the command that answers. */
    console: z.url().optional(),
    /** By name, how each is reached. */
    people: z.record(name, z.array(channel).min(1)),
    channels: z.record(name, channel).default({}),
    rotation,
    /** Somebody else, from one instant to another. */
    overrides: z
      .array(
        z.strictObject({ person: name, from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) }),
      )
      .default([]),
    quiet: quietHours.optional(),
    escalation: z.array(escalationStep).min(1),
    /** Where mail is handed in: `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`, and who it is from. */
    mail: z.strictObject({ server: z.url(), from: z.email() }).optional(),
  })
  .superRefine((spec, context) => {
    const wrong = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const { people, channels } = spec;
    for (const [at, person] of spec.rotation.people.entries())
      if (!(person in people)) wrong(['rotation', 'people', at], `a person of people, not ${person}`);
    for (const [at, { person, from, to }] of spec.overrides.entries()) {
      if (!(person in people)) wrong(['overrides', at, 'person'], `a person of people, not ${person}`);
      if (Date.parse(from) >= Date.parse(to)) wrong(['overrides', at, 'to'], 'an instant after from');
    }
    for (const [step, { tell }] of spec.escalation.entries())
      for (const [at, one] of tell.entries())
        if (!ROLES.includes(one) && !(one in people) && !(one in channels))
          wrong(['escalation', step, 'tell', at], `on-call, next, a person or a channel, not ${one}`);
    for (const one of Object.keys(people))
      if (ROLES.includes(one) || one in channels) wrong(['people', one], 'a name that nothing else has');
    const mails = [...Object.values(people).flat(), ...Object.values(channels)].some(({ kind }) => kind === 'email');
    if (mails && spec.mail === undefined) wrong(['mail'], 'the server that takes mail, since some are told by mail');
  });
export type OnCallSpec = z.infer<typeof onCallSpec>;

/** Names in `tell` that stand for whoever it is at that moment. */
export const ROLES: readonly string[] = ['on-call', 'next'];

function isTimezone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
