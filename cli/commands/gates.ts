// gates, decide, approve, deny: seeing what is asked, and answering with a signature.
import type { Command } from 'commander';
import type { Evidence, GateAnswer } from '../../contracts/gate.ts';
import type { GateId } from '../../contracts/ids.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { type Run, type Session, screen } from '../session.ts';
import { answerWords, renderGate } from '../view/gate.ts';
import { renderGates } from '../view/lists.ts';
import { renderPatch } from '../view/patch.ts';

export interface Answer {
  /** An option's name, or what stands for the gate's recommended or safe one. */
  readonly option: string | { readonly which: 'recommended' | 'safe' };
  readonly reason: string;
  readonly unattended: boolean;
  /** Who has lent this machine's approver their say. */
  readonly inNameOf?: string | undefined;
  /** An admin's, without the others. */
  readonly breakGlass?: boolean | undefined;
}

/** Looks at the gate, signs, sends. Whether it may be answered so is the gate's to say, as by every other way. */
export async function decide(session: Session, gate: string, answer: Answer): Promise<GateAnswer> {
  const gates = await session.gates();
  const view = await gates.asked(gate);
  const option = typeof answer.option === 'string' ? answer.option : view[answer.option.which];
  const { option: _, ...said } = answer;
  const signer = () => session.identity();
  return answerGate({ gates, signer }, view.context, { ...said, option });
}

/** What would be merged: without it nobody could say yes. */
async function patchesOf(session: Session, { attachments }: Evidence): Promise<string[]> {
  const patches = attachments.filter(({ name }) => name.endsWith('.patch'));
  const texts = await Promise.all(patches.map(async ({ object }) => session.store.get(object)));
  return texts.flatMap((bytes) => ['', ...renderPatch(new TextDecoder().decode(bytes), screen(session))]);
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
          const { state, answered = [], needed = 1 } = view;
          process.stdout.write(
            session.json
              ? `${JSON.stringify({ evidence, state, needed, answered, ...(outcome && { outcome }) })}\n`
              : `${[...renderGate(evidence, { ...screen(session), state, outcome, answered, needed }), ...(await patchesOf(session, evidence))].join('\n')}\n`,
          );
          return;
        }
        const open = await looksOf(gates, await gates.open());
        process.stdout.write(
          session.json ? `${JSON.stringify({ gates: open })}\n` : `${renderGates(open, screen(session)).join('\n')}\n`,
        );
      }, command),
    );

  const answering = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--reason <text>', 'why; it is signed and kept', '')
      .option('--for <name>', 'in the name of somebody who has lent you their say (./anneal approvers)');

  answering('decide <gate> <option>', 'answer a gate')
    .option('--break-glass', 'as an admin, without the others: it is noted twice, and everybody on call is told')
    .action((gate: string, option: string, o: Given, command: Command) =>
      run((session) => decideAndPrint(session, gate, answerOf(option, o)), command),
    );
  answering('approve <gate>', 'answer a gate with its recommended option').action(
    (gate: string, o: Given, command: Command) =>
      run((session) => decideAndPrint(session, gate, answerOf({ which: 'recommended' }, o)), command),
  );
  answering('deny <gate>', 'answer a gate with its safe option').action((gate: string, o: Given, command: Command) =>
    run((session) => decideAndPrint(session, gate, answerOf({ which: 'safe' }, o)), command),
  );
}

interface Given {
  readonly reason: string;
  readonly for?: string;
  readonly breakGlass?: boolean;
}

const answerOf = (option: Answer['option'], { reason, for: inNameOf, breakGlass }: Given): Answer => ({
  ...{ option, reason, unattended: false, inNameOf, breakGlass },
});

/** So many at a time: of a thousand gates each is a query of its own. */
const AT_ONCE = 32;

async function looksOf(gates: Awaited<ReturnType<Session['gates']>>, ids: readonly GateId[]): Promise<Evidence[]> {
  const shown: Evidence[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    shown.push(...(await Promise.all(some.map(async (id) => (await gates.look(id)).evidence))));
  }
  return shown;
}

async function decideAndPrint(session: Session, gate: string, answer: Answer): Promise<void> {
  const result = await decide(session, gate, answer);
  process.stdout.write(session.json ? `${JSON.stringify(result)}\n` : `${gate}: ${answerWords(result)}\n`);
}
