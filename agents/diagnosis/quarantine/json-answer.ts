// What a model answered where one JSON object was asked for.

/** JSON, or a fence of Markdown with nothing but JSON in it, as small models write it. Undefined: neither, or longer than any form that is asked for. */
export function jsonAnswer(text: string): unknown {
  if (text.length > MOST) return undefined;
  const trimmed = text.trim();
  const fenced = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(trimmed)?.[1];
  try {
    return JSON.parse(fenced ?? trimmed);
  } catch {
    return undefined;
  }
}
const MOST = 64 * 1024;
