// How fast a policy answers a round's rollouts: one engine with a thread a core, as llama.cpp's server starts by itself, against the
// replicas that the policy server starts, and these asked group by group. Settings take turns (A B C, C B A …).
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaignName, makePolicyName } from '../contracts/ids.ts';
import { createEngines } from '../gateway/engine.ts';
import { loadConfig } from '../infra/config.ts';
import { oneServer } from '../infra/gateway-client/one-server.ts';
import { createTurns } from '../policies/turns.ts';
import { child } from './child.ts';
import { endingStack } from './ending.ts';
import { spread } from './load.ts';

/** The quickstart's round: 12 groups of 8, 16 at a time. */
const [GROUPS, GROUP_SIZE, LANES, MAX_TOKENS, TEMPERATURE] = [12, 8, 16, 48, 0.7];
const REPEATS = 3;
const POLICY = makePolicyName(campaignName.parse('bench'), 0);
const TASKS = [
  '`add(a, b)` that returns the sum of a and b',
  '`larger(a, b)` that returns the larger of two numbers',
  '`is_even(n)` that returns whether n is even',
  '`to_octal(n)` that returns the integer n as an octal string that starts with 0o',
  '`reverse(s)` that returns the string s reversed',
  '`count(s, part)` that returns how many times part occurs in the string s',
  '`first_upper(s)` that returns s with its first character in upper case',
  '`is_digits(s)` that returns whether every character of s is a digit',
  '`mean(values)` that returns the arithmetic mean of a list of numbers',
  '`hypotenuse(a, b)` that returns the length of the hypotenuse of a right triangle',
  '`absolute(x)` that returns the absolute value of x',
  '`square_root(x)` that returns the square root of x',
];

interface Setting {
  readonly what: string;
  readonly urls: readonly string[];
  /** A lane keeps to so many rollouts of one prompt. */
  readonly together: number;
}

export async function run(print = (line: string) => void process.stdout.write(`${line}\n`)): Promise<void> {
  await using stack = endingStack();
  const cores = Math.min(4, availableParallelism());
  const start = await engineStarter(stack);
  const whole = [await start(availableParallelism())];
  const replicas = await Promise.all(Array.from({ length: cores }, () => start(1)));
  const settings: readonly Setting[] = [
    { what: `one engine of ${availableParallelism()} threads`, urls: whole, together: 1 },
    { what: `${cores} replicas of one thread`, urls: replicas, together: 1 },
    { what: `${cores} replicas, lanes keep to a group`, urls: replicas, together: GROUP_SIZE },
  ];
  const rates = new Map<Setting, number[]>(settings.map((setting) => [setting, []]));
  // The first turn warms up all of them and is thrown away.
  for (let turn = 0; turn <= REPEATS; turn += 1) {
    for (const setting of turn % 2 === 0 ? settings : settings.toReversed()) {
      const rate = await tokensPerSecond(setting);
      if (turn > 0) rates.get(setting)!.push(rate);
      process.stderr.write(`turn ${turn} of ${REPEATS}: ${setting.what}: ${rate.toFixed(0)} tokens/s\n`);
    }
  }
  const base = rates.get(settings[0]!)!;
  print(
    `| ${GROUPS} × ${GROUP_SIZE} rollouts, ${LANES} at a time | tokens/s | against the first |\n| --- | --- | --- |`,
  );
  for (const setting of settings) {
    const of = rates.get(setting)!;
    const [speed, ratio] = [spread(of), spread(of.map((rate, turn) => rate / base[turn]!))];
    const range = `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`;
    print(
      `| ${setting.what} | ${speed.median.toFixed(0)} (${speed.low.toFixed(0)}–${speed.high.toFixed(0)}) | ${range} |`,
    );
  }
}

/** Plays a round as the rollout lanes do, with the gateway's own requests. */
async function tokensPerSecond({ urls, together }: Setting): Promise<number> {
  const control = createServer((_, response) => response.end(JSON.stringify({ policy: POLICY, urls })));
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const controlUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
  const engines = createEngines({ servers: oneServer(controlUrl), timeoutMs: 120_000, connections: 64 });
  const turns = createTurns(0, GROUPS * GROUP_SIZE, together);
  const { signal } = new AbortController();
  let tokens = 0;
  const started = performance.now();
  const lane = async (): Promise<void> => {
    for (let index = turns.next(); index !== undefined; index = turns.next(index)) {
      const task = TASKS[Math.floor(index / GROUP_SIZE)];
      const content = `Write a Python function ${task}.\nReply with only a short python code block.`;
      const sampling = { temperature: TEMPERATURE, maxTokens: MAX_TOKENS, seed: index };
      const { completionIds } = await engines.generate(POLICY, [{ role: 'user', content }], sampling, signal);
      tokens += completionIds.length;
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    engines.close();
    control.close();
    control.closeAllConnections();
  }
  return tokens / ((performance.now() - started) / 1000);
}

/** Has the policy server prepare the model once, then starts replicas by hand, so that their threads can be chosen. */
async function engineStarter(stack: AsyncDisposableStack): Promise<(threads: number) => Promise<string>> {
  const { paths } = loadConfig();
  const state = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  stack.defer(() => rm(state, { recursive: true, force: true }));
  const env = { PYTHONPATH: paths.trainer, ANNEAL_STORE: `file://${state}/store` };
  const argv = ['-m', 'anneal_server', '--port', '0', '--state', state];
  const control = await child(stack, paths.venvPython, argv, env);
  await fetch(`${control}/policies/${POLICY}`, { method: 'PUT', body: '{"adapter":null}' });
  await fetch(`${control}/policies/${POLICY}`, { method: 'DELETE' });
  const folder = join(state, 'model');
  const model = (await readdir(folder)).find((name) => name.endsWith('.gguf'));
  if (model === undefined) throw new Error('the policy server did not prepare the model; its log says why');
  return (threads) => {
    const own = [
      '--model',
      join(folder, model),
      '--alias',
      POLICY,
      '--threads',
      `${threads}`,
      '--parent',
      `${process.pid}`,
    ];
    return child(stack, paths.venvPython, ['-m', 'anneal_server.engine', ...own], env);
  };
}
