// research: questions to a folder of documents, what agents found, and the campaign files of an experiment that a human has handed out.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { type BaseCampaign, type ResearchBudget, researchBudget } from '../../contracts/research.ts';
import { durationMs } from '../../contracts/units.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import type { ResearchState } from '../../infra/temporal/research.ts';
import { openInterrupt } from '../interrupt.ts';
import { type Run, type Session, screen } from '../session.ts';
import { readCampaign } from '../spec/read.ts';
import { renderResearch, renderResearches, stepWords } from '../view/research.ts';

const LOOK_MS = 500;

interface AskOptions {
  readonly base?: string;
  readonly watch?: boolean;
  readonly turns: string;
  readonly tokens: string;
  readonly time: string;
}

export function addResearch(program: Command, run: Run): void {
  const research = program
    .command('research')
    .description('questions to a folder of documents; every claim cites its lines');

  research
    .command('ask <folder> <question>')
    .description(
      'have agents read what the documents say about a question; without a model the best passages are quoted',
    )
    .option(
      '--base <campaign>',
      'propose an experiment, and make its campaign files from this one; a human decides on them',
    )
    .option('--turns <n>', 'requests of the model, all agents together', '60')
    .option('--tokens <n>', 'tokens that the model says', '200000')
    .option('--time <duration>', 'after which no agent begins', '30m')
    .option('--watch', 'stay until the report is there')
    .action((folder: string, question: string, options: AskOptions, command: Command) =>
      run((session) => ask(session, { folder, question, options }), command),
    );

  research
    .command('ls')
    .description('all questions, the newest first')
    .action((_: object, command: Command) =>
      run(async (session) => {
        const all = await (await session.researches()).list();
        const lines = session.json ? [JSON.stringify({ researches: all })] : renderResearches(all, screen(session));
        process.stdout.write(`${lines.join('\n')}\n`);
      }, command),
    );

  research
    .command('show <name>')
    .description('where it stands; the report, with its citations and their quotes')
    .action((name: string, _: object, command: Command) =>
      run(async (session) => show(session, await (await session.researches()).look(name)), command),
    );

  research
    .command('files <name>')
    .description('write the campaign files of an experiment that a human has handed out; nothing is submitted')
    .requiredOption(
      '--out <folder>',
      'where to; the folder of the base campaign, since the files name what lies beside it',
    )
    .action((name: string, { out }: { out: string }, command: Command) =>
      run((session) => files(session, name, out), command),
    );
}

async function ask(
  session: Session,
  { folder, question, options }: { folder: string; question: string; options: AskOptions },
): Promise<void> {
  const budget = budgetOf(options);
  if (question.trim().length < 3 || question.length > 2_000)
    throw new AnnealError('cli.usage', 'a question has 3 to 2,000 characters');
  const base = options.base === undefined ? null : await carryBase(session, options.base);
  const corpus = await readDocuments(folder, session.store);
  const researches = await session.researches();
  const { approver } = await session.identity();
  const research = await researches.ask({
    ...{ question: question.trim(), owner: approver, budget, base },
    corpus: await session.store.put(canonicalJson(corpus)),
  });
  if (options.watch !== true) {
    const next = `${research} is asked of ${corpus.documents.length} documents. Where it stands: ./anneal research show ${research}\n`;
    process.stdout.write(session.json ? `${JSON.stringify({ research })}\n` : next);
    return;
  }
  const interrupt = openInterrupt();
  try {
    let said = '';
    for (;;) {
      const state = await researches.look(research);
      // What waits for a human may wait for days: the report is there.
      if (state.end !== undefined || state.view?.waitingFor !== undefined) return show(session, state);
      const now = state.view === undefined ? '' : stepWords(state.view);
      if (now !== said && !session.json) process.stderr.write(`${now}\n`);
      said = now;
      if (interrupt.signal.aborted) {
        process.stderr.write(`It goes on. Where it stands: ./anneal research show ${research}\n`);
        return;
      }
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  } finally {
    interrupt.close();
  }
}

function budgetOf({ turns, tokens, time }: AskOptions): ResearchBudget {
  if (!/^\d+(ms|s|m|h|d)$/.test(time)) throw new AnnealError('cli.usage', '--time takes a duration such as 30m');
  const budget = researchBudget.safeParse({
    turns: Number(turns),
    tokens: Number(tokens),
    seconds: Math.ceil(durationMs(time) / 1_000),
  });
  if (budget.success) return budget.data;
  throw new AnnealError(
    'cli.usage',
    `--turns, --tokens and --time: ${budget.error.issues[0]?.path.join('.')}: ${budget.error.issues[0]?.message}`,
  );
}

/** With the files that it names, so that what is made from it can be validated elsewhere. @throws AnnealError `spec.*` */
export async function carryBase({ store }: Pick<Session, 'store'>, path: string): Promise<ArtifactRef> {
  const { spec, files, source } = await readCampaign(path);
  const folder = dirname(resolve(path));
  const inside = (one: string): string => {
    const clean = normalize(one);
    if (isAbsolute(clean) || clean.startsWith('..'))
      throw new AnnealError(
        'cli.usage',
        `${path} names ${one}, which is not in its folder: a base campaign stands by itself`,
      );
    return clean;
  };
  const carried: BaseCampaign['files'] = [];
  const named = [...files.map((file) => file.path.slice(folder.length + 1)), spec.judge?.calibration, spec.profile];
  for (const one of named) {
    if (one === undefined) continue;
    // A profile may be named and be no file.
    const there = await stat(join(folder, one)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (there) carried.push({ path: inside(one), object: await store.putFile(join(folder, one)) });
  }
  for (const one of [...(source?.paths ?? []), ...(source?.kept ?? [])])
    carried.push({ path: inside(one), object: null });
  const text = new TextDecoder().decode(await store.get(await store.putFile(path)));
  return store.put(canonicalJson({ schema: 'anneal/base-campaign/v1', text, files: carried } satisfies BaseCampaign));
}

async function files(session: Session, name: string, out: string): Promise<void> {
  const { experiment, files: all } = await (await session.researches()).handedOut(name);
  await mkdir(out, { recursive: true });
  const paths: string[] = [];
  for (const { name: file, text } of all) {
    const path = join(out, file);
    await writeFile(path, text, { flag: 'wx' }).catch((cause: unknown) => {
      throw new AnnealError('cli.usage', `${path} is there already, or cannot be written`, { cause });
    });
    paths.push(path);
  }
  if (session.json) process.stdout.write(`${JSON.stringify({ experiment, files: paths })}\n`);
  else process.stdout.write(`${paths.map((path) => `./anneal submit ${path}`).join('\n')}\n`);
}

function show(session: Session, state: ResearchState): void {
  const lines = session.json ? [JSON.stringify(state)] : renderResearch(state, screen(session));
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = state.end?.how === 'failed' ? EXIT.failed : EXIT.done;
}
