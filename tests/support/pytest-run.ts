// Runs pytest and reads its report.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tally } from './tally.ts';

/** @param run gives the exit code of a command */
export async function runPytest(
  python: string,
  files: readonly string[],
  run: (argv: readonly string[], env: Record<string, string>) => Promise<number>,
): Promise<Tally> {
  const out = join(tmpdir(), `anneal-pytest-${process.pid}.xml`);
  const flags = ['-q', '-p', 'no:cacheprovider', `--junitxml=${out}`];
  const code = await run([python, '-m', 'pytest', ...flags, ...files], { PYTHONPATH: 'trainer' });
  try {
    const suite = /<testsuite [^>]*>/.exec(readFileSync(out, 'utf8'))?.[0] ?? '';
    const count = (name: string): number => Number(new RegExp(`${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    rmSync(out, { force: true });
    const failed = count('failures') + count('errors');
    return {
      passed: count('tests') - failed - count('skipped'),
      failed: Math.max(failed, code === 0 ? 0 : 1),
      skipped: count('skipped'),
      ...(code === 0 ? {} : { remarks: [`FAILED pytest with exit code ${code}; its summary stands above`] }),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0, remarks: ['FAILED pytest wrote no report'] };
  }
}
