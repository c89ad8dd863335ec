// release, rollback: what users get.
import type { Command } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { type ReleasedPointer, releaseManifest } from '../../contracts/release.ts';
import { instant } from '../../infra/markup/figures.ts';
import { parseCampaignName } from '../../infra/temporal/campaign-names.ts';
import { fetchCheckpoint } from '../../infra/vllm/checkpoint.ts';
import type { Run } from '../session.ts';

const BASE = 'smollm2-135m-instruct';

/** Why `--to` leads nowhere and what is possible instead, where the refusal itself only knows that there is nothing earlier. */
export function rollbackRefusal(
  failure: unknown,
  pointer: ReleasedPointer | undefined,
  to: string | undefined,
): unknown {
  if (!(failure instanceof AnnealError) || failure.code !== 'release.nothing_to_roll_back') return failure;
  if (pointer === undefined || to === undefined) return failure;
  const now = pointer.policy ?? `the base model ${pointer.base}`;
  const released = pointer.history.findLastIndex((entry) => entry.how === 'release' && entry.policy === to);
  if (released < 0 && pointer.policy !== null) return failure;
  const back = pointer.history.slice(released + 1).find((entry) => entry.how === 'rollback');
  const why =
    released < 0 ? `${to} was never released` : `${to} was rolled back${back ? ` on ${instant(back.at)}` : ''}`;
  const earlier =
    pointer.policy === null
      ? 'before which there is nothing'
      : 'and ./anneal release shows what was released before it';
  const message = `${why}. Users have ${now}, ${earlier}. A rollback only goes back: a version comes to users again by a release of its own, at the release gate of a campaign`;
  return new AnnealError(failure.code, message, { cause: failure });
}

export function addReleaseCommands(program: Command, run: Run): void {
  program
    .command('release [campaign]')
    .description('show what is released, or what a campaign released; --out writes its files')
    .option('--base <model>', 'the base model', BASE)
    .option(
      '--out <folder>',
      'write release.json and what users take there: adapter.safetensors and adapter.gguf, or the whole model',
    )
    .action((campaign: string | undefined, options: { base: string; out?: string }, command: Command) =>
      run(async (session) => {
        const pointer = await (await session.releases()).current(options.base);
        const history = pointer?.history ?? [];
        const wanted =
          campaign === undefined
            ? pointer
            : history.findLast((entry) => entry.policy?.startsWith(`${parseCampaignName(campaign)}.v`));
        if (wanted == null || wanted.manifest === null)
          throw new AnnealError('release.none', `nothing of ${campaign ?? options.base} is released`);
        const bytes = await session.store.get(wanted.manifest);
        const manifest = releaseManifest.parse(JSON.parse(new TextDecoder().decode(bytes)));
        if (options.out !== undefined) {
          for (const file of manifest.body.exports)
            await session.store.getFile(file.object, `${options.out}/${file.name}`);
          const { weights } = manifest.body.policy;
          if (weights !== undefined) await fetchCheckpoint(session.store, weights.manifest, `${options.out}/model`);
          await session.store.getFile(wanted.manifest, `${options.out}/release.json`);
        }
        const text = [
          `${wanted.policy} is ${wanted.policy === pointer?.policy ? 'released' : 'no longer the released version'} (manifest ${wanted.manifest.sha256.slice(0, 12)}).`,
          ...history.map((entry) => `  ${entry.at}  ${entry.how.padEnd(8)}  ${entry.policy ?? options.base}`),
        ].join('\n');
        process.stdout.write(
          session.json ? `${JSON.stringify({ current: pointer?.policy, manifest, history })}\n` : `${text}\n`,
        );
      }, command),
    );

  program
    .command('rollback')
    .description(
      'move `released` back to the release before, from the first to the base model; said twice, it moves once',
    )
    .option('--base <model>', 'the base model', BASE)
    .option('--to <policy>', 'an earlier release, to go further back')
    .action((options: { base: string; to?: string }, command: Command) =>
      run(async (session) => {
        const releases = await session.releases();
        const { pointer, moved } = await releases.rollback(options.base, options.to).catch(async (failure: unknown) => {
          throw rollbackRefusal(failure, await releases.current(options.base).catch(() => undefined), options.to);
        });
        const now = pointer.policy ?? `the base model ${options.base}`;
        const further = pointer.policy === null ? '' : ' To go further back: ./anneal rollback --to POLICY';
        const text = moved ? `Users have ${now} again.` : `Users have ${now} already.${further}`;
        process.stdout.write(session.json ? `${JSON.stringify({ ...pointer, moved })}\n` : `${text}\n`);
      }, command),
    );
}
