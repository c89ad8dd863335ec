// What a campaign's adapters are trained from and in: the base model and the Python of this machine, or of the pods' image.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import { sha256 } from '../contracts/ids.ts';
import { profileName } from '../contracts/names.ts';
import { profileSpec } from '../contracts/profile.ts';
import type { Config } from '../infra/config.ts';

const exec = promisify(execFile);
const model = z.object({ base: z.string(), sha256 });
export type BaseModel = z.infer<typeof model>;
const pinned = z.record(z.string(), z.object({ sha256 }));

export interface TrainedIn {
  baseModel(spec: CampaignSpec): Promise<BaseModel>;
  /** In words. */
  python(spec: CampaignSpec): Promise<string>;
}

/**
 * In pods there is no trainer beside the worker. What it would say of the base model is a file of the sources that both images
 * hold: a trainer refuses a model with another hash before its first step.
 */
export function trainedIn(config: Config, store: ArtifactStore): TrainedIn {
  return config.deployment.compute === 'local' ? onThisMachine(config) : inPods(config, store);
}

function onThisMachine({ paths }: Config): TrainedIn {
  return {
    async baseModel() {
      const env = { PYTHONPATH: paths.trainer };
      const { stdout } = await exec(paths.venvPython, ['-m', 'anneal_trainer', 'model'], { env });
      return model.parse(JSON.parse(stdout));
    },
    python: async () => (await exec(paths.venvPython, ['--version'])).stdout.trim(),
  };
}

function inPods({ paths }: Config, store: ArtifactStore): TrainedIn {
  return {
    async baseModel({ policy: { base } }) {
      const file = join(paths.trainer, 'anneal_trainer', 'base-models.json');
      const found = pinned.parse(JSON.parse(await readFile(file, 'utf8')))[base];
      if (found === undefined) throw new AnnealError('internal.bug', `${file} does not know ${base}`);
      return { base, sha256: found.sha256 };
    },
    async python({ name }) {
      const found = await store.readNamed(profileName(name));
      if (found === undefined)
        throw new AnnealError('profile.not_found', `${name} was submitted without a model profile`);
      return `of ${profileSpec.parse(JSON.parse(new TextDecoder().decode(found.bytes))).trainer.image}`;
    },
  };
}
