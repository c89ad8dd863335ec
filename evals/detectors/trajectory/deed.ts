// What a call of a session comes to.
import type { ToolStep } from '../../episode/trail.ts';
import type { Command } from './shell.ts';

export type Deed =
  | {
      readonly kind: 'run';
      readonly name: string;
      readonly words: readonly string[];
      readonly command: Command;
      readonly folder: string;
    }
  | { readonly kind: 'code'; readonly language: Language; readonly source: string; readonly inline: boolean }
  /** `old`: what stood in its place; undefined with `whole`: nobody knows. */
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly how: 'whole' | 'append' | 'replace';
      readonly old?: string;
      readonly text: string;
    }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'open'; readonly url: string };
export type Language = 'python' | 'javascript' | 'other';

export interface DoneStep {
  readonly step: ToolStep;
  readonly at: number;
  readonly deeds: readonly Deed[];
}
