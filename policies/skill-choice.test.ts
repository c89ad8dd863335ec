import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cause, remedyId } from '../contracts/diagnosis.ts';
import { type Skill, skillFront, skillName } from '../contracts/skill.ts';
import { chooseSkills } from './skill-choice.ts';

const skill = (name: string, ...advice: string[]): Pick<Skill, 'name' | 'front'> => ({
  name: skillName.parse(name),
  front: skillFront.parse({
    ...{ name, description: 'd' },
    ...(advice.length === 0 ? {} : { remedy: { for: advice, program: 'x.py' } }),
  }),
});
const names = (of: readonly Pick<Skill, 'name'>[]) => of.map(({ name }) => name as string);

test('in the order of the advice, then the most particular, then by name', () => {
  const skills = [
    skill('debugging'),
    skill('debugging/general', 'fix-code'),
    skill('debugging/optimiser/rate', 'lower-learning-rate'),
    skill('debugging/optimiser/clip', 'clip-gradients', 'lower-learning-rate'),
    skill('debugging/numbers/log', 'fix-code'),
    skill('debugging/numbers/a', 'fix-code'),
    skill('debugging/disk', 'free-disk'),
  ];
  const advised = {
    cause: 'gradient-explosion',
    remedies: ['clip-gradients', 'lower-learning-rate', 'fix-code'],
  } as const;
  expect(names(chooseSkills(skills, { ...advised, remedies: [...advised.remedies] }))).toEqual([
    'debugging/optimiser/clip',
    'debugging/optimiser/rate',
    'debugging/numbers/a',
    'debugging/numbers/log',
    'debugging/general',
  ]);
});

test('a log that is well, or that nobody understands, has none', () => {
  for (const none of ['healthy', 'undetermined'] as const)
    expect(chooseSkills([skill('a', 'fix-code')], { cause: none, remedies: ['fix-code'] })).toEqual([]);
});

test('whatever is advised: only what was advised, each once, in any order of the library', () => {
  const any = fc.record({
    name: fc.stringMatching(/^[a-z]{1,3}(\/[a-z]{1,3}){0,3}$/),
    advice: fc.uniqueArray(fc.constantFrom(...remedyId.options), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(any, { selector: ({ name }) => name, maxLength: 12 }),
      fc.uniqueArray(fc.constantFrom(...remedyId.options)),
      fc.constantFrom(...cause.options),
      (library, remedies, of) => {
        const skills = library.map(({ name, advice }) => skill(name, ...advice));
        const chosen = chooseSkills(skills, { cause: of, remedies });
        expect(new Set(names(chosen)).size).toBe(chosen.length);
        for (const { front } of chosen) expect(front.remedy!.for.some((id) => remedies.includes(id))).toBe(true);
        expect(names(chooseSkills([...skills].reverse(), { cause: of, remedies }))).toEqual(names(chosen));
        const ranks = chosen.map(({ front }) => remedies.findIndex((id) => front.remedy!.for.includes(id)));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      },
    ),
  );
});
