// Words that every verifier says alike: a gate that held, one that did not, what a program did.
import { createHash } from 'node:crypto';
import type { EvidenceRun, GateResult } from '../../contracts/judgement.ts';
import type { SandboxResult } from '../../contracts/ports.ts';
import { type Artifact, textOf } from './artifact.ts';
import type { Found } from './verifier.ts';

/** Gates by which a detector knows that a test passed which nothing can pass: the words stand in stored judgements and stay. */
export const FORGED_GATES = { patch: 'impossible tests fail', 'terminal-state': 'no forged outcome' } as const;

export const held = (name: string, why: string): GateResult => ({ name, passed: true, why });
export const broken = (name: string, why: string): GateResult => ({ name, passed: false, why });

/** What is found when a gate does not hold: nothing after it is looked at. */
export const refused = (
  gates: readonly GateResult[],
  runs: readonly EvidenceRun[] = [],
  seen: Found['seen'] = null,
): Found => ({ gates, components: [], runs, seen });

/** The text of a file that has to be there, or why it cannot be read. */
export function fileText(artifact: Artifact, path: string): { readonly text: string } | { readonly why: string } {
  const bytes = artifact.get(path);
  if (bytes === undefined) return { why: `${path} is missing` };
  if (bytes.length === 0) return { why: `${path} is empty` };
  const text = textOf(bytes);
  if (text === undefined) return { why: `${path} is not UTF-8` };
  if (text.includes('\0')) return { why: `${path} holds a zero byte` };
  return { text };
}

/** The first kilobytes; the whole is named by its hash. */
const KEPT = 8_192;

export function evidenceOf(
  what: string,
  argv: readonly string[],
  result: Omit<SandboxResult, 'milliseconds'>,
): EvidenceRun {
  // What was cut off by a clock or a limit differs from run to run, and a second judgement must not.
  const stdout = result.how === 'exited' ? result.stdout : '';
  return {
    what,
    argv: [...argv],
    how: result.how,
    exitCode: result.exitCode,
    stdout: stdout.slice(0, KEPT),
    stdoutSha256: sha256Of(stdout),
  };
}

export const sha256Of = (data: string | Uint8Array): EvidenceRun['stdoutSha256'] =>
  createHash('sha256').update(data).digest('hex') as EvidenceRun['stdoutSha256'];

/** A text for the evidence: whole when short, else its beginning and its hash. */
export const shown = (text: string, most = 2_000): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters, sha256 ${sha256Of(text)})`;
