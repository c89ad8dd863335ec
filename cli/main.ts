// The command line: parse, call, print. Every command prints its result to stdout, progress to stderr, and exits by the error table.
import { Command, CommanderError } from 'commander';
import { AnnealError, asAnnealError, EXIT } from '../contracts/errors.ts';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { commandsOf } from './groups.ts';
import { type GlobalOptions, openSession, type Run } from './session.ts';
import { formatError } from './view/error.ts';

keepThreadsAwake();

const run: Run = async (work, command) => {
  const session = openSession(command.optsWithGlobals<GlobalOptions>());
  try {
    await work(session);
  } finally {
    await session.close();
  }
};

const program = new Command('anneal')
  .description('Reinforcement-learning campaigns that improve a model and the harness around it.')
  .option('--json', 'print one JSON document to stdout')
  .option('--temporal <address>', 'use this Temporal server instead of the embedded one')
  .option('--no-color', 'plain text')
  .showSuggestionAfterError()
  // What is wrong with a command line is told as every other error is.
  .configureOutput({ outputError: () => undefined })
  .exitOverride();

for (const add of await commandsOf(process.argv.slice(2))) add(program, run);
// Commander copies these settings only to commands made after them; ours are made by the functions above.
const settle = (command: Command): void => {
  command.exitOverride().showSuggestionAfterError();
  command.commands.forEach(settle);
};
program.commands.forEach(settle);

// Whoever reads may stop reading: `anneal logs X | head` is no failure of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (failure: NodeJS.ErrnoException) => {
    if (failure.code === 'EPIPE') process.exit(EXIT.done);
    process.exitCode = EXIT.failed;
  });

try {
  await program.parseAsync();
} catch (failure) {
  if (failure instanceof CommanderError && failure.exitCode === 0) {
    process.exitCode = EXIT.done;
  } else {
    const error = named(failure);
    const json = program.opts<GlobalOptions>().json === true;
    if (json) {
      const { code, message, problems } = error;
      process.stdout.write(`${JSON.stringify({ error: { code, message, problems } })}\n`);
    }
    process.stderr.write(
      `${formatError(error, { colour: process.stderr.isTTY === true, trace: error.code === 'internal.bug' })}\n`,
    );
    process.exitCode = error instanceof AnnealError ? error.exitCode : EXIT.failed;
  }
}

/** A full disk can meet any command, wherever it writes. */
function named(failure: unknown): AnnealError {
  if (failure instanceof CommanderError) {
    const text = failure.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    return new AnnealError('cli.usage', text, { cause: failure });
  }
  if (!(failure instanceof AnnealError) && failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC')
    return new AnnealError('stack.no_space', failure.message, { cause: failure });
  return asAnnealError(failure);
}
