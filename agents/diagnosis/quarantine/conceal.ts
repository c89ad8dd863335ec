// What may leave the machine of a line: it is shown with secrets taken out, by rules that are given from outside.
import { bare, visible } from './visible.ts';

/** Takes secrets out of a text, and says how many. The gateway's own, where it can be had (gateway/redaction). */
export type Redact = (text: string) => { readonly text: string; readonly secrets: number };

export interface Concealer {
  /** Lines of one file, in their order. */
  line(text: string): string;
  /** Another file, or a gap. */
  gap(): void;
  readonly secrets: number;
}

/** More of a line is never shown. */
const LOOKED_AT = 4_096;
const BEGIN = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY/;
const END = /-----END (?:[A-Z0-9]+ )*PRIVATE KEY/;
/** The inside of a key whose first line is not in sight: long, and of all kinds of signs. It costs nothing where it is none. */
const LONG = /[A-Za-z0-9+/]{48,}={0,2}/g;
const isDense = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);

export function createConcealer(redact: Redact): Concealer {
  let inKey = false;
  let secrets = 0;
  const taken = (kind: string): string => {
    secrets += 1;
    return `[redacted:${kind}]`;
  };
  return {
    line(whole) {
      const text = whole.slice(0, LOOKED_AT);
      if (inKey) {
        inKey = !END.test(text);
        return '[redacted:private-key]';
      }
      if (BEGIN.test(text)) {
        inKey = !END.test(text);
        return taken('private-key');
      }
      const seen = redact(visible(text));
      // A secret that colours or invisible signs stand in is one to whoever takes them out.
      const plain = bare(text);
      const bared = plain === text ? seen : redact(plain);
      const kept = bared.secrets > seen.secrets ? bared : seen;
      secrets += kept.secrets;
      return kept.text.replaceAll(LONG, (run) => (isDense(run) ? taken('long') : run));
    },
    gap() {
      inKey = false;
    },
    get secrets() {
      return secrets;
    },
  };
}
