import { expect, it } from 'vitest';
import { fixtureReport } from '../tests/fixtures/report.fixture.ts';
import { quickstartDocument } from './quickstart-document.ts';

it('gives the interval of the paired gain for the sealed split, and no other in its place', () => {
  const data = fixtureReport();
  const { before, after } = data.state.sealed!;
  const { low, high } = after.gain!;
  expect(quickstartDocument(data, 'r.html').sealed).toMatchObject({ ci: [low, high] });
  const { gain: _gain, ...unpaired } = after;
  const state = { ...data.state, sealed: { before, after: unpaired } };
  expect(quickstartDocument({ ...data, state }, 'r.html').sealed?.ci).toBeNull();
});
