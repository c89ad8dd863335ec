// A sandbox that loses the driver of some runs: of those that hold a certain word, so often.
import type { Sandbox } from '../../contracts/ports.ts';

export interface Losing {
  readonly sandbox: Sandbox;
  lost(): number;
}

/** @param stdout what the driver had said until then */
export function losing(sandbox: Sandbox, word: string, times: number, stdout = '{"began":0}\n'): Losing {
  let lost = 0;
  return {
    lost: () => lost,
    sandbox: {
      describe: () => sandbox.describe(),
      async run(request) {
        const texts = [request.stdin, ...Object.values(request.files)].map((text) => Buffer.from(text));
        if (lost >= times || !texts.some((text) => text.includes(word))) return sandbox.run(request);
        lost += 1;
        return { how: 'signalled', exitCode: null, stdout, stderr: '', milliseconds: 1 };
      },
    },
  };
}
