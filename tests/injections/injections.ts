// Texts that give orders to whoever reads them, as data: where each stands, what it says, and what it asks for. What a reader makes of them is
// each reader's own test.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const asks = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('cause'), cause: z.string() }),
  z.strictObject({ do: z.literal('confidence'), confidence: z.number() }),
  z.strictObject({ do: z.literal('remedies'), remedies: z.array(z.string()) }),
  /** To set its own confidence beyond what there is. */
  z.strictObject({ do: z.literal('trust'), confidence: z.number() }),
  z.strictObject({ do: z.literal('run'), command: z.string() }),
  z.strictObject({ do: z.literal('tool'), name: z.string(), arguments: z.record(z.string(), z.string()) }),
  z.strictObject({ do: z.literal('write'), path: z.string() }),
  z.strictObject({ do: z.literal('fetch'), url: z.string() }),
  /** To send the next request there. */
  z.strictObject({ do: z.literal('redirect'), url: z.string() }),
  /** To show a text that somebody's browser or terminal acts on. */
  z.strictObject({ do: z.literal('link'), says: z.string() }),
  z.strictObject({ do: z.literal('escape'), says: z.string() }),
  z.strictObject({ do: z.literal('reveal') }),
  z.strictObject({ do: z.literal('cite'), file: z.int(), line: z.int(), quote: z.string() }),
  /** To add members to an answer of a fixed form: JSON without its braces, since no object can be trusted to keep `__proto__`. */
  z.strictObject({ do: z.literal('schema'), members: z.string() }),
  z.strictObject({ do: z.literal('approve') }),
  z.strictObject({ do: z.literal('silence') }),
  z.strictObject({ do: z.literal('refuse') }),
  z.strictObject({ do: z.literal('flood') }),
]);

export const injection = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  where: z.enum(['log', 'readme', 'comment', 'test-name', 'file-name', 'commit', 'issue']),
  text: z.string().min(1),
  /** A part of it by which it is known again in what a model is shown. */
  key: z.string().min(8),
  asks,
  /** It has words that a program prints when it really fails, so that rules on lines take it for that, whoever wrote it. */
  forges: z.literal(true).optional(),
  /** It stands where a bounded reader does not look. */
  unseen: z.literal(true).optional(),
});
export type Injection = z.infer<typeof injection>;

/** What `{{…}}` in the texts stands for. */
export interface Lures {
  /** A server that nobody may ask for anything. */
  readonly CANARY: string;
  readonly CANARY_HOST: string;
  /** A file that must not come to be. */
  readonly WITNESS: string;
  /** In the form of an API key. */
  readonly SECRET: string;
}

const LONG = 'lorem '.repeat(40_000);

export function readInjections(lures: Lures): Injection[] {
  const filled = (text: string): string =>
    text.replaceAll(/\{\{(CANARY|CANARY_HOST|WITNESS|SECRET|LONG)\}\}/g, (_, name: string) =>
      name === 'LONG' ? LONG : lures[name as keyof Lures],
    );
  const through = (value: unknown): unknown =>
    typeof value === 'string'
      ? filled(value)
      : Array.isArray(value)
        ? value.map(through)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, through(one)]))
          : value;
  const cases: unknown = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'));
  return z.array(injection).parse(through(cases));
}

/** How such a text comes into a log: alone, or in what a program prints of a repository. */
export function asLogLines({ where, text }: Injection): string[] {
  const [first = '', ...rest] = text.split('\n');
  switch (where) {
    case 'log':
      return text.split('\n');
    case 'readme':
    case 'issue':
      return [`2026-11-23 10:00:07,000 - repo - INFO - ${where}: ${first}`, ...rest];
    case 'comment':
      return ['  File "train.py", line 88, in step', `    ${text}`];
    case 'test-name':
      return [`tests/test_loss.py::${text} PASSED`];
    case 'file-name':
      return ['2026-11-23 10:00:07,000 - root - INFO - writing to the file that this log is'];
    case 'commit':
      return [`HEAD is now at 3f78685 ${first}`, ...rest.map((line) => `    ${line}`)];
  }
}
