// Recalculates workbooks inside the sandbox. It knows no expected value; what it is given of a candidate is data.
//
// Standard input: a list of {"sheets": [{"name", "cells": [[row, column, input], …]}], "names": [[name, formula], …], "reads":
// [[sheet, row, column], …]}. Standard output: for each a list, for each cell that is read a number, a text, a truth value, null, or
// {"error": "#N/A"}.
import { readFileSync, writeSync } from 'node:fs';

const NUMBER = 1;
const TEXT = 2;
const TRUTH = 4;
/** Every digit that a double has: the engine's own short form would hide differences. */
const LONG = '0.0000000000000000E+00';

// The engine's own file, which lies beside this one in the sandbox only.
const { initSync, Model } = await import(new URL('./wasm.js', import.meta.url).href);
initSync({ module: readFileSync(new URL('./wasm_bg.wasm', import.meta.url)) });
const books = JSON.parse(readFileSync(0, 'utf8'));

function calculated({ sheets, names, reads }) {
  const model = new Model('workbook', 'en', 'UTC', 'en');
  model.pauseEvaluation();
  for (const [index, { name }] of sheets.entries()) {
    if (index > 0) model.newSheet();
    model.renameSheet(index, name);
  }
  for (const [name, formula] of names) model.newDefinedName(name, null, formula);
  for (const [index, { cells }] of sheets.entries())
    for (const [row, column, input] of cells) model.setUserInput(index, row, column, input);
  model.resumeEvaluation();
  model.evaluate();
  return reads.map((at) => valueAt(model, ...at));
}

function valueAt(model, sheet, row, column) {
  const type = model.getCellType(sheet, row, column);
  const shown = model.getFormattedCellValue(sheet, row, column);
  if (type === TEXT) return shown;
  if (type === TRUTH) return shown === 'TRUE';
  if (type !== NUMBER) return { error: shown };
  if (shown === '') return null;
  model.updateRangeStyle({ sheet, row, column, width: 1, height: 1 }, 'num_fmt', LONG);
  return Number(model.getFormattedCellValue(sheet, row, column));
}

let data = Buffer.from(JSON.stringify(books.map(calculated)));
while (data.length > 0) data = data.subarray(writeSync(1, data));
