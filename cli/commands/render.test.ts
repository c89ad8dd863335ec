import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { openSession, type Run } from '../session.ts';
import { addRender } from './render.ts';

afterEach(() => vi.restoreAllMocks());

async function render(...argv: string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command('anneal').option('--json');
  addRender(program, run);
  await program.parseAsync(['render', 'k8s', ...argv], { from: 'user' });
  return out;
}

test('everything stands in the namespace that is asked for', async () => {
  const manifests = parseAllDocuments(await render('cpu', '--namespace', 'team-a')).map((one) => one.toJS());
  expect(manifests.length).toBeGreaterThan(2);
  expect(new Set(manifests.map((one) => one.metadata.namespace))).toEqual(new Set(['team-a']));
});

test.each(['Bad_NS', 'team-', 'a.b', ''])('a namespace %j is refused, and what is expected is said', async (name) => {
  await expect(render('cpu', '--namespace', name)).rejects.toMatchObject({
    code: 'cli.usage',
    message: expect.stringContaining(
      `a Kubernetes name: lower-case letters, digits and dashes, at most 63; got ${name}`,
    ),
  });
});
