// What this machine's commands judge with: the sandbox that the deployment's worker has, and the judges that campaigns have measured.
import { createJudges } from '../activities/judges.ts';
import { createDocuments } from '../activities/read.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { Browser } from '../contracts/browser.ts';
import type { Sandbox } from '../contracts/ports.ts';
import type { Grader } from '../evals/verifiers/judge-task.ts';
import type { OpenTools } from '../evals/verifiers/patch/tools.ts';
import { chooseBrowser } from '../infra/browser/choice.ts';
import type { Config } from '../infra/config.ts';
import { graderTools } from '../infra/graders/tools.ts';
import { openJudge } from '../infra/judge-model/open.ts';
import { chooseSandbox } from '../infra/sandbox/choice.ts';
import { openPodSandbox } from '../k8s/sandbox/open.ts';

export const sandboxOf = (config: Config, store: Pick<ArtifactStore, 'getFile'>): Sandbox =>
  chooseSandbox(config, (pods) => openPodSandbox(pods), store);

export const browserOf = (config: Config): Browser | null => chooseBrowser(config);

export const toolsOf = ({ python }: Config): OpenTools => graderTools(python);

export const judgeOf = ({ judgeKeys }: Config, store: ArtifactStore): NonNullable<Grader['judgeOf']> =>
  createJudges(store, createDocuments(store), openJudge(judgeKeys)).ofRollout;
