import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { closingLines, neverRan, together } from '../support/tally.ts';
import { testFiles } from '../support/test-files.ts';

it('ends in "N passed, N failed", whatever was skipped', () => {
  expect(closingLines({ passed: 9, failed: 0, skipped: 0 })).toEqual(['9 passed, 0 failed']);
  expect(closingLines({ passed: 9, failed: 1, skipped: 2 })).toEqual(['2 skipped', '9 passed, 1 failed']);
});

it('knows which files no part has run: those whose tests were all skipped, and those that no part looks for', () => {
  const none = { passed: 0, failed: 0, skipped: 0 };
  const [before, after] = [
    { ...none, ran: ['a'] },
    { ...none, ran: ['needs-cluster'] },
  ];
  const there = ['a', 'needs-cluster', 'needs-browser', 'deep', 'in-a-new-folder'];
  expect(neverRan(together(before, after), there, ['deep'])).toEqual(['in-a-new-folder', 'needs-browser']);
});

it('finds every file of tests, in folders that no part knows too, and none that was installed or built', () => {
  const root = mkdtempSync(join(tmpdir(), 'anneal-test-files-'));
  try {
    const files = ['new/deep/a.test.ts', 'b.test.ts', 'new/a.ts'];
    const foreign = ['node_modules/x/c.test.ts', 'new/node_modules/c.test.ts', 'dist/d.test.ts', '.anneal/e.test.ts'];
    for (const file of [...files, ...foreign]) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    expect(testFiles(root)).toEqual(['b.test.ts', 'new/deep/a.test.ts']);
    expect(testFiles()).toContain('tests/contracts/tally.test.ts');
  } finally {
    rmSync(root, { recursive: true });
  }
});
