// Every saying is reached: its example has a word that the reader looks for, and is found as what it says. And what only looks bad is not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cause } from '../../../contracts/diagnosis.ts';
import { diagnose } from '../diagnose.ts';
import { createScanner } from '../scanner.ts';
import { TEXT_DETECTORS } from './registry.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-sayings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function causeOf(...lines: readonly string[]): Promise<Cause> {
  const path = join(folder, 'some.log');
  writeFileSync(path, `2025-01-01 00:00:00 INFO start\n${lines.join('\n')}\n`);
  return (await diagnose([path])).cause;
}

const EXAMPLES = TEXT_DETECTORS.flatMap(({ cause, sayings }) =>
  sayings.map((saying) => ({ cause, saying, example: saying.example })),
);

describe.each(EXAMPLES)('$cause: $example', ({ cause, saying, example }) => {
  test('is one', () => {
    expect(saying.pattern.test(example)).toBe(true);
    expect(saying.unless?.test(example) ?? false).toBe(false);
    expect(saying.frames?.test(example) ?? true).toBe(true);
  });

  test('passes the words', () => {
    let hits = 0;
    const scanner = createScanner(({ hit }) => (hits += hit ? 1 : 0));
    scanner.push(Buffer.from(`${example}\n`));
    scanner.end();
    expect(hits).toBe(1);
  });

  test.runIf(saying.often === undefined && saying.strength >= 0.45)('is found', async () =>
    expect(await causeOf(example)).toBe(cause),
  );
});

// None of these stands in the corpus: other wordings, other programs.
test.each<[Cause, ...string[]]>([
  ['oom-device', 'RuntimeError: [4] HIP out of memory. Tried to allocate 20.00 MiB (GPU 0; 63.98 GiB total capacity)'],
  ['oom-device', 'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 128.00 MiB'],
  [
    'oom-device',
    '2025-03-01 10:00:00.000: W tensorflow/core/framework/op_kernel.cc:1768] RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[64,512]',
  ],
  ['oom-host', 'Out of memory: Killed process 3112 (python3) total-vm:1200kB, anon-rss:100kB'],
  ['oom-host', 'train.sh: line 14: 20191 Killed                  python train.py --config base.yaml'],
  [
    'oom-host',
    "RuntimeError: [enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 94371840000 bytes.",
  ],
  ['disk-full', 'rsync: write failed on "/ckpt/a": No space left on device (28)'],
  ['disk-full', 'wandb: ERROR Error while calling W&B API: OSError: [Errno 122] Disk quota exceeded'],
  ['nan-or-inf', 'ValueError: Loss is nan, stopping training'],
  ['nan-or-inf', 'FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding.'],
  [
    'gpu-hardware',
    'RuntimeError: Unable to determine the device handle for GPU0000:1B:00.0: GPU is lost.  Reboot the system to recover this GPU',
  ],
  [
    'checkpoint-corrupt',
    'Traceback (most recent call last):',
    '  File "a.py", line 3, in load_checkpoint',
    '    return pickle.load(f)',
    'EOFError: Ran out of input',
  ],
  [
    'tokenizer-mismatch',
    'Traceback (most recent call last):',
    '  File "functional.py", line 2, in embedding',
    '    return torch.embedding(weight, input)',
    'IndexError: index out of range in self',
  ],
  ['preempted', 'slurmstepd: error: *** STEP 1.0 ON n1 CANCELLED AT 2025-01-01T00:00:00 DUE TO TIME LIMIT ***'],
  ['exception', "thread 'main' panicked at src/main.rs:4:5:"],
  ['exception', 'Exception in thread "main" java.lang.NullPointerException: x'],
  ['exception', 'train.py: error: unrecognized arguments: --lr-decay'],
  [
    'exception',
    'Traceback (most recent call last):',
    '  File "a.py", line 1, in <module>',
    'mypackage.errors.SomethingOdd: what nobody foresaw',
  ],
  ['gateway-failure', 'litellm.exceptions.RateLimitError: RateLimitError: OpenAIException - Error code: 429'],
  ['verifier-failure', '2025-01-01 10:00:00 ERROR reward function raised an exception for sample 3: timed out'],
  [
    'gpu-hardware',
    'Nov 23 10:00:12 gpu01 kernel: [123456.7] nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 20034, Fatal, Link 30 LTSSM Fault Up',
  ],
  ['exception', 'FAILED tests/test_a.py::test_b - AssertionError: assert 1 == 2'],
  ['gateway-failure', '{"level":"fatal","ts":1714550411.12,"msg":"could not reach policy server after 10 attempts"}'],
  ['undetermined', '2025-01-01 10:00:00 ERROR something odd that nobody knows'],
  [
    'throughput-drop',
    ...Array.from(
      { length: 24 },
      (_, at) => `Epoch 1 | Step ${at} | Loss: 2.3${at % 10} | ${at < 14 ? `12.${at % 3}` : `4.${at % 3}`} it/s`,
    ),
  ],
  ['healthy', 'WARNING judge timed out for sample 3, retrying', 'step 1 loss 2.0'],
  [
    'healthy',
    'ERROR Failed to upload metrics: 502 Bad Gateway, will retry',
    'step 1 loss 2',
    'step 2 loss 2',
    'step 3 loss 2',
  ],
  [
    'healthy',
    'Sequence group 12 is preempted by PreemptionMode.RECOMPUTE mode because there is not enough KV cache space',
    'INFO ok',
  ],
  [
    'healthy',
    'step 1 loss 2.0',
    "{'train_runtime': 120.0}",
    'Exception ignored in: <function _MultiProcessingDataLoaderIter.__del__ at 0x7f>',
    'Traceback (most recent call last):',
    '  File "a.py", line 1, in f',
    'AssertionError: can only test a child process',
  ],
  [
    'healthy',
    'gpu01:1:4 [0] NCCL INFO NCCL_TIMEOUT set by environment to 1800.',
    'GPU Xid errors: 0, ECC uncorrectable: 0',
    'step 1 loss 2',
  ],
  [
    'verifier-failure',
    'ray.exceptions.RayTaskError(TimeoutError): ray::RewardManager.compute() (pid=77)',
    '  File "/opt/verl/prime.py", line 40, in run_reward_scoring',
    '    raise TimeoutError("x")',
    'TimeoutError: reward scoring did not finish within 300 s',
  ],
  [
    'oom-device',
    'E cuda_driver.cc:1] failed to allocate 2.00GiB from device: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
    'XlaRuntimeError: INTERNAL: Failed to launch CUDA kernel',
  ],
  ['healthy', 'step 1 loss 2.0 nan_count 0', 'WARNING: retrying (attempt 1)', 'step 2 loss 1.9'],
  ['healthy', 'INFO no errors were found, 0 failed'],
])('%s: %s', async (cause, ...lines) => expect(await causeOf(...lines)).toBe(cause));

test('the text of another program is not called healthy', async () => {
  const path = join(folder, 'prose.txt');
  writeFileSync(path, 'Es war einmal ein König.\nEr hatte drei Töchter.\n');
  expect((await diagnose([path])).cause).toBe('undetermined');
});
