// Asking at a gate on the terminal. Leaving is always clean: what is not answered stays open.
import { createInterface } from 'node:readline/promises';
import type { Evidence, GateAnswer } from '../contracts/gate.ts';
import { decide } from './commands/gates.ts';
import type { Session } from './session.ts';
import { renderGate } from './view/gate.ts';

/** `left-open`: an empty answer or Ctrl-D. `interrupted`: Ctrl-C, or the signal. */
export type Asked = GateAnswer | 'left-open' | 'interrupted';
type Typed = { readonly option: string; readonly reason: string } | 'left-open' | 'interrupted';

/** Shows a gate, asks for an option and a reason, signs and sends. */
export async function askOnTerminal(session: Session, gate: string, signal: AbortSignal): Promise<Asked> {
  const { evidence } = await (await session.gates()).look(gate);
  const width = process.stderr.columns || 80;
  process.stderr.write(`${renderGate(evidence, { width, colour: session.colour }).join('\n')}\n`);
  const typed = await ask(evidence, signal);
  return typeof typed === 'string' ? typed : decide(session, gate, { ...typed, unattended: false });
}

async function ask({ options }: Evidence, signal: AbortSignal): Promise<Typed> {
  const names = options.map((option) => option.name);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  let interrupted = false;
  terminal.once('close', () => closed.abort());
  // While keys are read one by one, Ctrl-C is a key and no signal.
  terminal.once('SIGINT', () => {
    interrupted = true;
    terminal.close();
  });
  const either = AbortSignal.any([closed.signal, signal]);
  const question = async (text: string): Promise<string> => (await terminal.question(text, { signal: either })).trim();
  try {
    for (;;) {
      const option = await question(`Your decision (${names.join(' / ')}; empty leaves it open): `);
      if (option === '') return 'left-open';
      if (!names.includes(option)) continue;
      const reason = await question('Reason (it is signed and kept): ');
      if (reason !== '') return { option, reason };
    }
  } catch (failure) {
    if (!either.aborted) throw failure;
    process.stderr.write('\n');
    return interrupted || signal.aborted ? 'interrupted' : 'left-open';
  } finally {
    terminal.close();
  }
}
