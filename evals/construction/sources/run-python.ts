// Programs of ours that sources run in the sandbox, on data that nobody vouches for.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Sandbox, SandboxLimits } from '../../../contracts/ports.ts';

const LIMITS: SandboxLimits = {
  wallMs: 60_000,
  memoryBytes: 1_024 * 2 ** 20,
  diskBytes: 64 * 2 ** 20,
  processes: 16,
  outputBytes: 16 * 2 ** 20,
};
const ARGUMENTS = ['-s', '-P', '-S', '-B'] as const;

/**
 * @param names of programs; the first is run, the others lie beside it
 * @throws AnnealError `tasks.source_failed` when it does not end as it should or its answer has another form
 */
export async function runPython<Answer>(
  sandbox: Sandbox,
  run: {
    readonly names: readonly [string, ...string[]];
    readonly files?: Readonly<Record<string, string | Uint8Array>>;
    readonly request: object;
    readonly answer: z.ZodType<Answer>;
  },
): Promise<Answer> {
  const own = Object.fromEntries(run.names.map((name) => [name.split('/').at(-1)!, sourceOf(name)]));
  const [main] = Object.keys(own);
  const result = await sandbox.run({
    argv: ['python3', ...ARGUMENTS, `/work/${main}`],
    files: { ...run.files, ...own },
    stdin: JSON.stringify(run.request),
    limits: LIMITS,
  });
  const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  if (result.how !== 'exited' || result.exitCode !== 0)
    throw new AnnealError('tasks.source_failed', `${main} ended otherwise than it should (${result.how}): ${said}`);
  const answer = run.answer.safeParse(jsonOf(result.stdout));
  if (!answer.success) throw new AnnealError('tasks.source_failed', `${main} gave an answer of another form`);
  return answer.data;
}

const sourceOf = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
