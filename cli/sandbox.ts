// What this machine's commands judge in: as the deployment's worker does.
import type { Sandbox } from '../contracts/ports.ts';
import type { Config } from '../infra/config.ts';
import { chooseSandbox } from '../infra/sandbox/choice.ts';
import { openPodSandbox } from '../k8s/sandbox/open.ts';

export const sandboxOf = (config: Config): Sandbox => chooseSandbox(config, (pods) => openPodSandbox(pods));
