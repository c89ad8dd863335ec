// Real agents from a registry, each in an environment of its own: several hundred megabytes each, installed once into .testbed by
// `npm test -- agents`. Where they are not, their tests are skipped and say so.
import { fileURLToPath } from 'node:url';
import { installedPython, installPython } from '../support/locked-python.ts';

export const AGENTS = ['mini-swe-agent', 'aider-chat', 'openai-agents'] as const;
export type AgentName = (typeof AGENTS)[number];

const lockOf = (name: AgentName): string => fileURLToPath(new URL(`./${name}.lock`, import.meta.url));

/** Its interpreter, or undefined when it is not installed. */
export const agentPython = (name: AgentName): string | undefined => installedPython({ name, lock: lockOf(name) });

export async function installAgents(onProgress: (line: string) => void): Promise<void> {
  for (const name of AGENTS) await installPython({ name, lock: lockOf(name) }, onProgress);
}
