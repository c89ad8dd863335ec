// What a manifest says of code, locks, specification and machine, held against what is here.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { ReproducibilityManifest } from '../../contracts/release.ts';
import type { ReproducedPart } from '../../contracts/reproduction.ts';
import type { Config } from '../../infra/config.ts';

const hash = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

export async function compareSources(config: Config, manifest: ReproducibilityManifest): Promise<ReproducedPart[]> {
  const { git, lockfiles } = manifest;
  const here = await promisify(execFile)('git', ['-C', config.repo, 'rev-parse', 'HEAD'])
    .then(({ stdout }) => stdout.trim())
    .catch(() => 'unknown');
  const short = (commit: string): string => commit.slice(0, 12);
  const changed: string[] = [];
  for (const [file, wanted] of Object.entries(lockfiles)) {
    const found = await readFile(join(config.root, file)).then(hash, () => undefined);
    if (found !== wanted) changed.push(file);
  }
  const code: ReproducedPart = git.dirty
    ? { part: 'code', verdict: 'left', why: `it ran from ${short(git.commit)} with changes that no commit holds` }
    : git.commit === here
      ? { part: 'code', verdict: 'same', why: `commit ${short(here)}` }
      : {
          part: 'code',
          verdict: 'different',
          why: `it ran from ${short(git.commit)}, this is ${short(here)}: what follows is by the code here`,
        };
  const locks: ReproducedPart =
    changed.length === 0
      ? { part: 'locks', verdict: 'same', why: `${Object.keys(lockfiles).length} lock files` }
      : { part: 'locks', verdict: 'different', why: `${changed.join(', ')}` };
  return [code, locks];
}

export function compareSpecification(
  manifest: ReproducibilityManifest,
  spec: { readonly parsed: CampaignSpec; readonly sha256: string },
): ReproducedPart {
  const differs = [
    ...(spec.sha256 === manifest.specHash ? [] : ['its hash']),
    ...(spec.parsed.seed === manifest.seed ? [] : ['its seed']),
    ...(hash(canonicalJson(spec.parsed.harness)) === manifest.harnessHash ? [] : ['its harness']),
  ];
  return differs.length === 0
    ? { part: 'specification', verdict: 'same', why: `${spec.sha256.slice(0, 12)}, seed ${spec.parsed.seed}` }
    : { part: 'specification', verdict: 'different', why: `the stored one differs in ${differs.join(' and ')}` };
}

/** Nothing is run: it says why timings, and on other processors sums of floats, may differ. */
export function compareMachine({ machine }: ReproducibilityManifest): ReproducedPart {
  const here = { kernel: release(), cpus: cpus().length, arch: process.arch, node: process.version };
  const differs = Object.entries(here).flatMap(([name, value]) => {
    const then = machine[name as keyof typeof here];
    return then === value ? [] : [`${name} was ${then}, is ${value}`];
  });
  return differs.length === 0
    ? { part: 'machine', verdict: 'same', why: `${here.cpus} ${here.arch} cores, Node ${here.node}` }
    : { part: 'machine', verdict: 'different', why: differs.join('; ') };
}
