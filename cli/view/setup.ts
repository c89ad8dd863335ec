// Progress of setting up and starting the stack: one line a step, with sizes and seconds.
import type { SetupProgress } from '../../infra/stack/setup/progress.ts';
import { paint } from './paint.ts';
import { clip, plain } from './text.ts';

export interface SetupReporter {
  progress(event: SetupProgress): void;
  /** Ends an unfinished line. */
  done(): void;
}

export function createSetupReporter(screen: {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}): SetupReporter {
  const live = screen.isTTY === true;
  const p = paint(live);
  let open: string | undefined;
  let last = '';

  function line(event: SetupProgress): string {
    const mark = { cached: p.dim('✓'), running: p.yellow('…'), done: p.green('✓') }[event.state];
    const size = event.bytes === undefined ? '' : ` ${(event.bytes / 1e6).toFixed(1)} MB`;
    const time = event.seconds === undefined ? '' : ` ${event.seconds.toFixed(1)} s`;
    return `${mark} ${plain(event.step).padEnd(12)} ${plain(event.detail)}${p.dim(size + time)}`;
  }

  return {
    progress(event) {
      const text = line(event);
      if (text === last) return;
      last = text;
      if (live) {
        if (open !== undefined) screen.write(open === event.step ? '\r\u001b[2K' : '\n');
        screen.write(clip(text, (screen.columns ?? 80) - 1));
        open = event.step;
        if (event.state !== 'running') {
          screen.write('\n');
          open = undefined;
        }
      } else if (event.state !== 'running' || open !== event.step) {
        screen.write(`${text}\n`);
        open = event.step;
      }
    },
    done() {
      if (live && open !== undefined) screen.write('\n');
      open = undefined;
    },
  };
}
