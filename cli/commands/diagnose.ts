// diagnose: what made a run fail, from its logs alone. Needs no stack; the logs may be anybody's.
import type { Command } from 'commander';
import { diagnose } from '../../agents/diagnosis/diagnose.ts';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { INTERRUPTED, openInterrupt } from '../interrupt.ts';
import { type Run, screen } from '../session.ts';
import { renderDiagnosis } from '../view/diagnosis.ts';

/** A short file needs no progress. */
const WORTH_TELLING = 64 * 1024 * 1024;
const EVERY = 250;

export function addDiagnose(program: Command, run: Run): void {
  program
    .command('diagnose <file...>')
    .description('the cause and the first fault of a failed run, from its logs: several files are read as one run')
    .action((files: string[], _: object, command: Command) =>
      run(async (session) => {
        const interrupt = openInterrupt();
        const told = teller(session.json);
        try {
          const found = await diagnose(files, { signal: interrupt.signal, progress: told.progress });
          told.end();
          refuseUnread(found);
          const lines = session.json ? [JSON.stringify(found)] : renderDiagnosis(found, screen(session));
          process.stdout.write(`${lines.join('\n')}\n`);
          process.exitCode = interrupt.signal.aborted
            ? INTERRUPTED
            : found.cause === 'healthy'
              ? EXIT.done
              : EXIT.failed;
        } finally {
          interrupt.close();
        }
      }, command),
    );
}

function teller(quiet: boolean): { progress(done: { path: string; bytes: number; of: number }): void; end(): void } {
  const shows = process.stderr.isTTY === true && !quiet;
  let next = 0;
  let shown = false;
  return {
    progress({ path, bytes, of }) {
      if (!shows || of < WORTH_TELLING || Date.now() < next) return;
      next = Date.now() + EVERY;
      shown = true;
      process.stderr.write(`\r\u001b[Kreading ${path}: ${Math.min(100, Math.floor((bytes / of) * 100))}%`);
    },
    end() {
      if (shown) process.stderr.write('\r\u001b[K');
    },
  };
}

/** Where nothing at all was read, there is nothing to be told but why. */
function refuseUnread({ read }: Diagnosis): void {
  if (
    read.files.some(
      ({ state }) => state === 'read' || state === 'interrupted' || (state === 'damaged' && read.bytes > 0),
    )
  )
    return;
  throw new AnnealError('diagnosis.unreadable', `no log among what was named: ${read.notes.join('; ')}`);
}
