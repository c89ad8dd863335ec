// What a manifest says of code, locks, specification and machine, held against what is here.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Approval, ReproducibilityManifest } from '../../contracts/release.ts';
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

/**
 * What the pool answers today for the sealed evaluation, by its hash; of a manifest from before, that it names none.
 * @param now of what is kept; undefined: nothing of it
 */
export function compareRecordings(
  { recordings }: ReproducibilityManifest,
  now: ReproducibilityManifest['recordings'],
): ReproducedPart {
  const part = 'recordings';
  if (recordings === undefined)
    return {
      part,
      verdict: 'left',
      why: 'the manifest names no recorded answers: the sealed split was not opened before it',
    };
  const short = recordings.sha256.slice(0, 12);
  if (now?.sha256 === recordings.sha256)
    return {
      part,
      verdict: 'same',
      why: `${recordings.completions} answers of the sealed evaluation hash to ${short}`,
    };
  const here = now === undefined ? 'none is kept here' : `${now.completions} hash to ${now.sha256.slice(0, 12)}`;
  return { part, verdict: 'different', why: `${recordings.completions} answers hashed to ${short}, ${here}` };
}

/** Who decided is no computation: what is kept is held against what the manifest names. */
export function compareDecisions({ approvals }: ReproducibilityManifest, now: readonly Approval[]): ReproducedPart {
  const part = 'decisions';
  if (approvals === undefined)
    return { part, verdict: 'left', why: 'a human took them; they are signed and kept, and the manifest names none' };
  const kept = new Set(now.map((one) => canonicalJson(one)));
  const lost = approvals.filter((one) => !kept.has(canonicalJson(one)));
  if (lost.length > 0) {
    const names = lost.map(({ gate }) => gate).join(', ');
    return { part, verdict: 'different', why: `what is kept of ${names} is not what the manifest names` };
  }
  const signed = approvals.flatMap((one) =>
    one.how === 'decided' ? [`${one.gate}: ${one.option} by ${one.by.approver}`] : [],
  );
  const who = signed.length === 0 ? 'none was signed' : signed.join('; ');
  return {
    part,
    verdict: 'left',
    why: `not taken again; ${approvals.length} gates are kept as the manifest has them: ${who}`,
  };
}

/** Images are named and not pulled. */
export function compareImages({ images }: ReproducibilityManifest): ReproducedPart[] {
  if (images === undefined) return [];
  const named = Object.entries(images).map(([what, image]) => `${what} ${image}`);
  const loose = Object.values(images).filter((image) => !image.includes('@sha256:'));
  const why = `not pulled here: ${named.join(', ')}${loose.length === 0 ? '' : '; a tag may mean another image by now'}`;
  return [{ part: 'images', verdict: 'left', why }];
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
