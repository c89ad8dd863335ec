import { describe, expect, it } from 'vitest';
import { gateKind } from '../contracts/gate.ts';
import { ALWAYS_ASKED, needsHuman, parseCriticalList } from './critical.ts';

const list = (gates: unknown) => ({ apiVersion: 'anneal/v1', kind: 'CriticalGates', gates });
const refused = (content: unknown, why: string): void =>
  expect(() => parseCriticalList(content)).toThrow(
    expect.objectContaining({ code: 'spec.invalid', message: expect.stringContaining(why) }),
  );

describe('the list', () => {
  it('is refused without any gate that is always asked', () => {
    expect(parseCriticalList(list([...ALWAYS_ASKED, 'promotion']))).toEqual({
      gates: [...ALWAYS_ASKED, 'promotion'],
      approvals: { self: 'allowed', unattended: 'allowed', breakGlass: 'refused', quorum: {} },
    });
    const strict = { ...list([...ALWAYS_ASKED]), approvals: { self: 'refused' } };
    expect(parseCriticalList(strict).approvals).toEqual({
      ...{ self: 'refused', unattended: 'allowed', breakGlass: 'allowed', quorum: {} },
    });
    const two = { ...list([...ALWAYS_ASKED]), approvals: { quorum: { release: 2 } } };
    expect(parseCriticalList(two).approvals.quorum).toEqual({ release: 2 });
    const before = ALWAYS_ASKED.filter((kind) => kind !== 'plan');
    for (const kind of before) refused(list(ALWAYS_ASKED.filter((other) => other !== kind)), `lacks: ${kind}`);
    // One from before there were plans is as good as ever, and does not let them pass.
    expect(parseCriticalList(list(before)).gates).toEqual(before);
    refused(list([]), 'lacks: open-sealed, release');
  });

  it('is refused when malformed or ambiguous', () => {
    refused(list([...ALWAYS_ASKED, 'release']), 'names twice: release');
    for (const bad of [
      null,
      {},
      [],
      list(undefined),
      list(['sealed']),
      { ...list(ALWAYS_ASKED), off: true },
      { ...list(ALWAYS_ASKED), approvals: { self: 'maybe' } },
      ...[0, 7, 1.5, 'two'].map((release) => ({ ...list(ALWAYS_ASKED), approvals: { quorum: { release } } })),
      { ...list(ALWAYS_ASKED), approvals: { quorum: { rollback: 2 } } },
    ])
      refused(bad, 'not valid');
  });
});

it('asks a human for what is listed, and for the floor even when it is not', () => {
  for (const kind of gateKind.options) {
    expect(needsHuman(kind, true), kind).toBe(true);
    expect(needsHuman(kind, undefined), kind).toBe(true);
    expect(needsHuman(kind, false), kind).toBe(['open-sealed', 'release', 'integrity', 'merge', 'plan'].includes(kind));
  }
});
