// A reporter of node:test that says which tests of a file there are and which pass: whoever asks believes it, for the code is the
// repository's own and nothing is rewarded here. One JSON line a test.
export default async function* list(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const name = names.slice(0, data.nesting + 1).join(' > ');
    yield `${JSON.stringify({ name, passed: type === 'test:pass' && !skipped })}\n`;
    const error = data.details?.error;
    if (error !== undefined) process.stderr.write(`${String(error.cause?.message ?? error.message).slice(0, 300)}\n`);
  }
}
