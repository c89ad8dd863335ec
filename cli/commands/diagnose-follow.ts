// diagnose --follow: logs that are still written, and the first fault as it appears.
import { follow } from '../../agents/diagnosis/follow.ts';
import { openSource } from '../../agents/diagnosis/source.ts';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { INTERRUPTED, openInterrupt } from '../interrupt.ts';
import { type Session, screen } from '../session.ts';
import { renderDiagnosis } from '../view/diagnosis.ts';
import { renderChange } from '../view/follow.ts';
import { plain } from '../view/text.ts';

/** Each has a buffer of its own. */
const MOST = 16;

export async function followLogs(paths: readonly string[], session: Session): Promise<void> {
  await refuse(paths);
  const interrupt = openInterrupt();
  const write = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);
  const told = (found: Diagnosis): void =>
    write(session.json ? [JSON.stringify(found)] : renderChange(found, new Date(), screen(session)));
  if (process.stderr.isTTY === true && !session.json)
    process.stderr.write(`following ${paths.map((path) => plain(path)).join(', ')}; Ctrl-C ends it\n`);
  try {
    const found = await follow(paths, { signal: interrupt.signal, tell: told });
    write(session.json ? [JSON.stringify(found)] : ['', ...renderDiagnosis(found, screen(session))]);
    // It ends in no other way.
    process.exitCode = INTERRUPTED;
  } finally {
    interrupt.close();
  }
}

async function refuse(paths: readonly string[]): Promise<void> {
  if (paths.length > MOST) throw new AnnealError('cli.usage', `--follow takes at most ${MOST} files`);
  for (const path of paths) {
    const opened = await openSource(path);
    if ('state' in opened) {
      if (opened.state === 'empty') continue;
      throw new AnnealError('diagnosis.unreadable', `${path} cannot be followed: ${opened.state}`);
    }
    const { gzip, encoding } = opened.source;
    if (gzip || encoding.startsWith('utf-16'))
      throw new AnnealError('cli.usage', `${path} is ${gzip ? 'packed' : 'in UTF-16'}: --follow reads plain text`);
  }
}
