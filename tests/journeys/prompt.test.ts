// A gate asked on a real terminal: answering it, and each way of leaving it open.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import { type Journey, openJourney } from '../support/journey.ts';
import { KEY, onTerminal, type Terminal } from '../support/pty.ts';
import { EMPTY, openFiles } from '../support/refusals.ts';

const NAME = campaignName.parse('prompted');
const GATE = 'prompted.job-failed-1';
const PROMPT = 'empty leaves it open): ';

let journey: Journey;
let file: string;
const files = openFiles();
const terminals: Terminal[] = [];

beforeAll(async () => {
  journey = await openJourney();
  file = files.write(NAME, EMPTY);
  const up = await journey.run(['up', '--json'], { timeoutMs: 240_000 });
  expect(up.code, up.stderr).toBe(0);
}, 260_000);
afterAll(async () => {
  for (const terminal of terminals) terminal.kill();
  await journey.end();
  files.remove();
}, 60_000);

function quickstart(): Terminal {
  const env = { ...process.env, ANNEAL_HOME: journey.home, NO_COLOR: '1' };
  const terminal = onTerminal([join(journey.config.repo, 'anneal'), 'quickstart', '--file', file], env);
  terminals.push(terminal);
  return terminal;
}
const openGate = async () => (await journey.status(NAME))?.openGate?.gate;

test('Ctrl-C at the prompt leaves the gate open and says how to go on', async () => {
  const terminal = quickstart();
  await terminal.until(PROMPT);
  terminal.type(KEY.ctrlC);
  expect(await terminal.finished, terminal.shown).toBe(130);
  await terminal.until(`${GATE} stays open. Answer it with ./anneal decide ${GATE} OPTION --reason`);
  await terminal.until('run the same command again to go on with prompted');
  expect(terminal.shown).not.toContain('internal.bug');
  expect(await openGate()).toBe(GATE);
}, 120_000);

test('Ctrl-D leaves the gate open and goes on watching, which Ctrl-C ends', async () => {
  const terminal = quickstart();
  await terminal.until(PROMPT);
  terminal.type(KEY.ctrlD);
  await terminal.until(`${GATE} stays open.`);
  await terminal.until(`waits for you · ${GATE}`);
  terminal.type(KEY.ctrlC);
  expect(await terminal.finished, terminal.shown).toBe(130);
  expect(terminal.shown).not.toContain('internal.bug');
  expect(await openGate()).toBe(GATE);
}, 120_000);

test('an option and a reason decide; what is no option, and no reason, are asked again', async () => {
  const terminal = quickstart();
  await terminal.until(PROMPT);
  terminal.type(`release${KEY.enter}`);
  await terminal.until(PROMPT);
  terminal.type(`abort${KEY.enter}`);
  await terminal.until('Reason');
  terminal.type(KEY.enter);
  await terminal.until(PROMPT);
  terminal.type(`abort${KEY.enter}`);
  await terminal.until('Reason');
  terminal.type(`no such functions${KEY.enter}`);
  await terminal.until(`${GATE}: abort`);
  expect(await terminal.finished, terminal.shown).toBe(1);
  await terminal.until('./anneal resume prompted');
  const ended = await journey.status(NAME);
  expect(ended?.state.ending).toBe('aborted');
  expect(ended?.state.gates[0]?.result).toMatchObject({
    how: 'decided',
    decision: { body: { reason: 'no such functions', unattended: false } },
  });
}, 120_000);

test('the same file again says that it was aborted, and what goes on with it', async () => {
  const terminal = quickstart();
  expect(await terminal.finished, terminal.shown).toBe(1);
  await terminal.until('was aborted before its end');
  await terminal.until('./anneal resume prompted');
  await terminal.until('change both its name and its seed');
}, 120_000);
