import { expect, it } from 'vitest';
import { capabilityOf } from './capability.ts';

it('is what the task says, else its module; chained functions are one slice', () => {
  expect(capabilityOf({ family: 'math.floor', capability: 'swe/python' })).toBe('swe/python');
  expect(capabilityOf({ family: 'math.floor' })).toBe('math');
  expect(capabilityOf({ family: 'str.upper+math.floor' })).toBe('compositions');
  expect(capabilityOf({ family: 'riddles' })).toBe('riddles');
});
