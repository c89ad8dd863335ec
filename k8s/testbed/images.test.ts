import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildImages } from './images.ts';

test('an image that was built leaves its archive alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-images-'));
  try {
    await buildImages(join(folder, 'image.tar'), [{ name: 'a/b:1', files: { '/x': 'x' }, entrypoint: ['/x'] }]);
    expect(readdirSync(folder)).toEqual(['image.tar']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
