// Under which licence a repository's files are, as an SPDX identifier, from what it says of itself.
import { type Artifact, textOf } from '../../verifiers/artifact.ts';

/** Words that only this licence has. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/Apache License\s+Version 2\.0/i, 'Apache-2.0'],
  [/Mozilla Public License.{0,10}2\.0/i, 'MPL-2.0'],
  [/GNU AFFERO GENERAL PUBLIC LICENSE/i, 'AGPL-3.0-only'],
  [/GNU LESSER GENERAL PUBLIC LICENSE/i, 'LGPL-3.0-only'],
  [/GNU GENERAL PUBLIC LICENSE/i, 'GPL-3.0-only'],
  [/PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2/i, 'PSF-2.0'],
  [/Redistribution and use in source and binary forms[\s\S]*Neither the name/i, 'BSD-3-Clause'],
  [/Redistribution and use in source and binary forms/i, 'BSD-2-Clause'],
  [/Permission to use, copy, modify, and\/?(or)? distribute this software/i, 'ISC'],
  [/Permission is hereby granted, free of charge/i, 'MIT'],
];

/** `unknown` is no licence at all: such a task is dropped. */
export function licenceOf(tree: Artifact): string {
  const manifest = text(tree, 'package.json');
  try {
    const named: unknown = manifest === undefined ? undefined : JSON.parse(manifest).license;
    if (typeof named === 'string' && /^[A-Za-z0-9.+-]+$/.test(named)) return named;
  } catch {
    // A package.json that is broken says nothing; the licence's own text may.
  }
  const file = [...tree.keys()].filter((path) => /^(LICEN[CS]E|COPYING)([.-]\w+)?$/i.test(path)).sort()[0];
  const words = file === undefined ? '' : (text(tree, file) ?? '');
  return TEXTS.find(([pattern]) => pattern.test(words.replaceAll(/\s+/g, ' ')))?.[1] ?? 'unknown';
}

const text = (tree: Artifact, path: string): string | undefined => {
  const bytes = tree.get(path);
  return bytes === undefined ? undefined : textOf(bytes);
};
