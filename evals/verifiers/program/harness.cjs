// Calls one function of a candidate on one list of arguments, in a sandbox of its own. It judges nothing and knows no expected value:
// whatever the candidate does to this process, it can only forge the one answer that it could have returned anyway.
//
// Standard input: {"file", "entry", "asModule", "args": [typed value, …]}. Standard output: \0ready, and after the call \0answer and one typed value
// or {"bad": why} or {"failed": the name of the error that loading raised}; each on a line of its own.
'use strict';
const { readFileSync, writeSync } = require('node:fs');
const { pathToFileURL } = require('node:url');

const MARK = '\n\u0000';
const say = (text) => {
  let data = Buffer.from(`${MARK}${text}\n`);
  while (data.length > 0) {
    try {
      data = data.subarray(writeSync(1, data));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
const { stringify } = JSON;

function decode({ t, v }) {
  if (t === 'none') return null;
  if (t === 'int') return Number.isSafeInteger(Number(v)) ? Number(v) : BigInt(v);
  if (t === 'float') return v === 'nan' ? Number.NaN : v === 'inf' ? Infinity : v === '-inf' ? -Infinity : Number(v);
  if (t === 'list' || t === 'tuple') return v.map(decode);
  return v;
}

/** A number that is whole counts as an int: the language does not tell 3 from 3.0. */
function encode(value, depth) {
  if (depth > 20) throw new RangeError('nested too deeply');
  if (value === null || value === undefined) return { t: 'none' };
  if (typeof value === 'boolean') return { t: 'bool', v: value };
  if (typeof value === 'string') return { t: 'str', v: value };
  if (typeof value === 'bigint') return { t: 'int', v: `${value}` };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { t: 'int', v: `${value}` };
    const special = Number.isNaN(value) ? 'nan' : value === Infinity ? 'inf' : value === -Infinity ? '-inf' : undefined;
    return { t: 'float', v: special ?? `${value}` };
  }
  if (Array.isArray(value)) return { t: 'list', v: Array.from(value, (item) => encode(item, depth + 1)) };
  throw new TypeError(`not a primitive: ${typeof value}`);
}

const nameOf = (error) => {
  const name = error?.constructor?.name;
  return typeof name === 'string' ? name.slice(0, 100) : 'unknown';
};

async function exported(address, entry) {
  const loaded = await import(address);
  return loaded[entry] ?? (typeof loaded.default === 'function' ? loaded.default : loaded.default?.[entry]);
}

/** A module's export; else what a plain script leaves at its top level, or puts into module.exports. */
async function load(file, entry, asModule) {
  const path = `/work/${file}`;
  if (file.endsWith('.mjs')) return exported(pathToFileURL(path).href, entry);
  const text = readFileSync(path, 'utf8');
  const source = asModule ? text.replace(/^\uFEFF?#!.*/, '') : text;
  const found = `${source}\n;return typeof ${entry} === 'undefined' ? undefined : ${entry};`;
  let script;
  try {
    script = new Function('module', 'exports', 'require', found);
  } catch (error) {
    // What is no script may be a module, whatever its file is called.
    if (!asModule) throw error;
    return exported(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`, entry);
  }
  const module = { exports: {} };
  const top = script(module, module.exports, require);
  return top ?? (typeof module.exports === 'function' ? module.exports : module.exports[entry]);
}

async function main() {
  const { file, entry, asModule, args } = JSON.parse(readFileSync(0, 'utf8'));
  const values = args.map(decode);
  // What a candidate prints while it works is nobody's answer.
  process.stdout.write = () => true;
  say('ready');
  let called;
  try {
    called = await load(file, entry, asModule);
    if (typeof called !== 'function') throw new ReferenceError(entry);
  } catch (error) {
    return say(`answer{"failed":${stringify(nameOf(error))}}`);
  }
  let value;
  try {
    value = await called(...values);
  } catch (error) {
    return say(`answer${stringify({ t: 'error', v: nameOf(error) })}`);
  }
  try {
    say(`answer${stringify(encode(value, 0))}`);
  } catch {
    say('answer{"bad":true}');
  }
}

// Timers and sockets that a candidate left open do not hold its answer up.
main().then(() => process.exit(0));
