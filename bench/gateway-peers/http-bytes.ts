// As little of HTTP/1.1 as a load generator and a scripted server need, read from bytes: node:http would be what is measured.

const HEAD_END = '\r\n\r\n';

/** Hands on the bodies of requests that have a content-length. */
export function createRequests(onBody: (body: string) => void): (bytes: Buffer) => void {
  let text = '';
  return (bytes) => {
    text += bytes.toString('latin1');
    for (;;) {
      const end = text.indexOf(HEAD_END);
      if (end === -1) return;
      const length = lengthIn(text.slice(0, end)) ?? 0;
      const whole = end + HEAD_END.length + length;
      if (text.length < whole) return;
      onBody(text.slice(end + HEAD_END.length, whole));
      text = text.slice(whole);
    }
  };
}

/** Hands on whole answers, one at a time: their status and what followed the head. */
export function createAnswers(onAnswer: (status: number, body: string) => void): (bytes: Buffer) => void {
  let text = '';
  return (bytes) => {
    text += bytes.toString('latin1');
    const end = text.indexOf(HEAD_END);
    if (end === -1) return;
    const start = end + HEAD_END.length;
    const length = lengthIn(text.slice(0, end));
    const done = length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= start + length;
    if (!done) return;
    const [answered, body] = [Number(text.slice(9, 12)), text.slice(start)];
    text = '';
    onAnswer(answered, body);
  };
}

/** A whole request, so that it is put together once. */
export function requestOf(url: string, path: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}${HEAD_END}${body}`);
}

function lengthIn(head: string): number | undefined {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  return found === undefined ? undefined : Number(found);
}
