// gates, decide, approve, deny: seeing what is asked, and answering with a signature.
import type { Command } from 'commander';
import type { GateResult } from '../../contracts/gate.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderGate } from '../view/gate.ts';
import { renderGates } from '../view/lists.ts';

export interface Answer {
  /** An option's name, or what stands for the gate's recommended or safe one. */
  readonly option: string | { readonly which: 'recommended' | 'safe' };
  readonly reason: string;
  readonly unattended: boolean;
}

/** Looks at the gate, checks that the evidence is what the gate is about, signs, sends. */
export async function decide(session: Session, gate: string, answer: Answer): Promise<GateResult> {
  const gates = await session.gates();
  const { view, evidence } = await gates.look(gate);
  const option = typeof answer.option === 'string' ? answer.option : evidence[answer.option.which];
  const { reason, unattended } = answer;
  const signer = () => session.identity();
  return answerGate({ gates, signer }, view.context, { option, reason, unattended });
}

export function addGateCommands(program: Command, run: Run): void {
  program
    .command('gates [gate]')
    .description('list open gates, or show one with its evidence')
    .action((gate: string | undefined, _options, command: Command) =>
      run(async (session) => {
        const gates = await session.gates();
        if (gate !== undefined) {
          const { evidence, view, outcome } = await gates.look(gate);
          const { state } = view;
          process.stdout.write(
            session.json
              ? `${JSON.stringify({ evidence, state, ...(outcome && { outcome }) })}\n`
              : `${renderGate(evidence, { ...screen(session), state, outcome }).join('\n')}\n`,
          );
          return;
        }
        const open = await Promise.all((await gates.open()).map(async (id) => (await gates.look(id)).evidence));
        process.stdout.write(
          session.json ? `${JSON.stringify({ gates: open })}\n` : `${renderGates(open, screen(session)).join('\n')}\n`,
        );
      }, command),
    );

  const answering = (name: string, description: string) =>
    program.command(name).description(description).option('--reason <text>', 'why; it is signed and kept', '');

  answering('decide <gate> <option>', 'answer a gate').action(
    (gate: string, option: string, o: { reason: string }, command: Command) =>
      run((session) => decideAndPrint(session, gate, { option, reason: o.reason, unattended: false }), command),
  );
  answering('approve <gate>', 'answer a gate with its recommended option').action(
    (gate: string, o: { reason: string }, command: Command) =>
      run(
        (session) =>
          decideAndPrint(session, gate, { option: { which: 'recommended' }, reason: o.reason, unattended: false }),
        command,
      ),
  );
  answering('deny <gate>', 'answer a gate with its safe option').action(
    (gate: string, o: { reason: string }, command: Command) =>
      run(
        (session) => decideAndPrint(session, gate, { option: { which: 'safe' }, reason: o.reason, unattended: false }),
        command,
      ),
  );
}

async function decideAndPrint(session: Session, gate: string, answer: Answer): Promise<void> {
  const result = await decide(session, gate, answer);
  process.stdout.write(session.json ? `${JSON.stringify(result)}\n` : `${gate}: ${result.option}\n`);
}
