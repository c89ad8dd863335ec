// An orchestrator that updates a fleet's weights in a process of its own, and kills itself with SIGKILL at one of its steps.
// argv: JSON of {store, update, kill?}; step 2n is just before its n-th call is sent, 2n + 1 just after the answer; with `afterMs`
// it is killed so long after the step, in the middle of the call. Prints each step, and the outcome as the last line.
import { writeSync } from 'node:fs';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type FleetUpdate, updateFleet } from '../../infra/vllm/fleet.ts';

export interface WeightUpdateProcess {
  readonly store: string;
  readonly update: Omit<FleetUpdate, 'onCall' | 'signal'>;
  readonly kill?: { readonly step: number; readonly afterMs?: number };
}

const { store, update, kill } = JSON.parse(process.argv[2]!) as WeightUpdateProcess;
let step = 0;
const die = (): void => void process.kill(process.pid, 'SIGKILL');

const outcome = await updateFleet(createFolderStore(store), {
  ...update,
  onCall({ call, when }) {
    writeSync(1, `${step} ${when} ${call}\n`);
    if (step === kill?.step) {
      if (kill.afterMs === undefined) die();
      else setTimeout(die, kill.afterMs);
    }
    step += 1;
  },
}).catch((failure: Error) => ({ failure: failure.message }));
writeSync(1, `${JSON.stringify(outcome)}\n`);
