// From a reply to the one file that it hands in. One rule for all formats: the first fenced code block is the file; without a fence the
// whole reply is. Text only: nothing is executed here.

export interface ReplyFile {
  readonly text: string;
  /** The reply is the file and nothing else: one closed block and white space, or, where the format is data, no fence at all. */
  readonly exact: boolean;
}

const OPENING = /^[ \t]*(`{3,})[ \t]*[A-Za-z0-9+._-]*[ \t]*\r?\n/m;

/** @returns undefined where the reply holds nothing but white space, or an empty block */
export function fileInReply(reply: string, format: string): ReplyFile | undefined {
  const opening = OPENING.exec(reply);
  // An unfenced program is a guess; unfenced data is data.
  if (opening === null) return reply.trim() === '' ? undefined : file(reply.trim(), format !== 'program');
  const body = reply.slice(opening.index + opening[0].length);
  // A line that begins with the fence. A diff's own lines begin with a sign or a blank, so that it may hold fences.
  const closing = new RegExp(`^${opening[1]}\`*[ \\t]*\\r?$`, 'm').exec(body);
  const text = closing === null ? body : body.slice(0, closing.index);
  if (text.trim() === '') return undefined;
  const before = reply.slice(0, opening.index);
  const after = closing === null ? undefined : body.slice(closing.index + closing[0].length);
  return file(text, before.trim() === '' && after?.trim() === '');
}

const file = (text: string, exact: boolean): ReplyFile => ({ text: text.endsWith('\n') ? text : `${text}\n`, exact });
