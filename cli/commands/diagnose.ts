// diagnose: what made a run fail, from its logs alone. Needs no stack; the logs may be anybody's.
import type { Command } from 'commander';
import { analyse } from '../../agents/diagnosis/diagnose.ts';
import { withHypotheses } from '../../agents/diagnosis/quarantine/reader.ts';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { INTERRUPTED, openInterrupt } from '../interrupt.ts';
import { type ModelOptions, readingModel } from '../reading-model.ts';
import { type Run, screen } from '../session.ts';
import { renderDiagnosis } from '../view/diagnosis.ts';
import { plain } from '../view/text.ts';
import { followLogs } from './diagnose-follow.ts';

/** A short file needs no progress. */
const WORTH_TELLING = 64 * 1024 * 1024;
const EVERY = 250;

export function addDiagnose(program: Command, run: Run): void {
  program
    .command('diagnose <file...>')
    .description('the cause and the first fault of a failed run, from its logs: several files are read as one run')
    .option('--model <url>', 'let a model add hypotheses: an address that speaks Chat Completions, up to /v1')
    .option('--no-model', 'ask none, whatever the environment names')
    .option('--model-name <name>', 'how its server calls the model')
    .option('--record <folder>', 'keep what the model is asked and answers there')
    .option('--follow', 'go on reading files that are still written, and tell the first fault as it appears')
    .action((files: string[], options: ModelOptions & { follow?: true }, command: Command) =>
      run(async (session) => {
        if (options.follow) {
          if (typeof options.model === 'string' || options.modelName !== undefined || options.record !== undefined)
            throw new AnnealError('cli.usage', '--follow asks no model');
          await followLogs(files, session);
          return;
        }
        const model = await readingModel(session.config, options);
        const interrupt = openInterrupt();
        const { signal } = interrupt;
        const told = teller(session.json);
        try {
          const analysed = await analyse(files, { signal, progress: told.progress });
          told.end();
          refuseUnread(analysed.diagnosis);
          if (model !== undefined && !signal.aborted) told.asking(model.model.model);
          const found =
            model === undefined || signal.aborted
              ? analysed.diagnosis
              : await withHypotheses(analysed, { ...model, signal });
          told.end();
          const lines = session.json ? [JSON.stringify(found)] : renderDiagnosis(found, screen(session));
          process.stdout.write(`${lines.join('\n')}\n`);
          process.exitCode = signal.aborted ? INTERRUPTED : found.cause === 'healthy' ? EXIT.done : EXIT.failed;
        } finally {
          interrupt.close();
        }
      }, command),
    );
}

interface Teller {
  progress(done: { path: string; bytes: number; of: number }): void;
  asking(model: string): void;
  end(): void;
}

function teller(quiet: boolean): Teller {
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
    asking(model) {
      if (!shows) return;
      shown = true;
      process.stderr.write(`asking ${plain(model)} …`);
    },
    end() {
      if (shown) process.stderr.write('\r\u001b[K');
      shown = false;
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
