// Which file adds which commands. Only the asked one is loaded: all of them together are 2,600 modules, a second before the first word.
import type { Command } from 'commander';
import type { Run } from './session.ts';

type Add = (program: Command, run: Run) => void;

interface Group {
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

/** In the order of the help. */
export const GROUPS: readonly Group[] = [
  { names: ['quickstart'], load: async () => (await import('./commands/quickstart.ts')).addQuickstart },
  { names: ['up', 'down', 'doctor', 'init'], load: async () => (await import('./commands/stack.ts')).addStackCommands },
  {
    names: ['validate', 'submit', 'ls', 'status', 'watch', 'logs', 'cancel', 'resume', 'report'],
    load: async () => (await import('./commands/campaigns.ts')).addCampaignCommands,
  },
  { names: ['pilot'], load: async () => (await import('./commands/pilot.ts')).addPilot },
  { names: ['plan'], load: async () => (await import('./commands/plan.ts')).addPlan },
  { names: ['simulate'], load: async () => (await import('./commands/simulate.ts')).addSimulate },
  { names: ['render'], load: async () => (await import('./commands/render.ts')).addRender },
  {
    names: ['gates', 'decide', 'approve', 'deny'],
    load: async () => (await import('./commands/gates.ts')).addGateCommands,
  },
  { names: ['console'], load: async () => (await import('./commands/console.ts')).addConsole },
  { names: ['approvers'], load: async () => (await import('./commands/approvers.ts')).addApprovers },
  { names: ['on-call'], load: async () => (await import('./commands/on-call.ts')).addOnCall },
  { names: ['audit'], load: async () => (await import('./commands/audit.ts')).addAudit },
  { names: ['release', 'rollback'], load: async () => (await import('./commands/releases.ts')).addReleaseCommands },
  { names: ['pool'], load: async () => (await import('./commands/pool.ts')).addPool },
  { names: ['taskset'], load: async () => (await import('./commands/taskset.ts')).addTaskset },
  { names: ['reproduce'], load: async () => (await import('./commands/reproduce.ts')).addReproduce },
  { names: ['diagnose'], load: async () => (await import('./commands/diagnose.ts')).addDiagnose },
  { names: ['research'], load: async () => (await import('./commands/research.ts')).addResearch },
  { names: ['rl-team'], load: async () => (await import('./commands/rl-team.ts')).addRlTeam },
  { names: ['skills'], load: async () => (await import('./commands/skills.ts')).addSkills },
  { names: ['share'], load: async () => (await import('./commands/share.ts')).addShare },
  { names: ['incident'], load: async () => (await import('./commands/incident.ts')).addIncident },
  { names: ['ticket'], load: async () => (await import('./commands/ticket.ts')).addTicket },
  { names: ['memory'], load: async () => (await import('./commands/memory.ts')).addMemory },
];

/** Those that a command line needs: one, or all where it names none that there is (help, a misspelt name). */
export async function commandsOf(argv: readonly string[]): Promise<readonly Add[]> {
  const name = firstOperand(argv);
  const group = GROUPS.find(({ names }) => name !== undefined && names.includes(name));
  return Promise.all((group === undefined ? GROUPS : [group]).map(({ load }) => load()));
}

function firstOperand(argv: readonly string[]): string | undefined {
  return argv.find((word, index) => !word.startsWith('-') && argv[index - 1] !== '--temporal');
}
