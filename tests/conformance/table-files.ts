// What every place for tables must do.
import { readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableFiles } from '../../contracts/table-files.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { openChecked, type PoolProblem, verifyTables } from '../../gateway/pool/tables/verify.ts';
import { madeCompletion, madeSegment, madeSource } from '../support/made-up-pool.ts';

export interface Place {
  readonly files: TableFiles;
  close(): Promise<void>;
}

export function tableFilesConformance(name: string, open: () => Promise<Place>): void {
  describe(`tables in ${name}`, () => {
    let place: Place;
    let files: TableFiles;
    beforeAll(async () => {
      place = await open();
      files = place.files;
    });
    afterAll(() => place?.close());
    const text = async (path: string) => {
      const bytes = await files.read(path);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    };

    test('a file is created once, by one of many', async () => {
      const wins = await Promise.all(['a', 'b', 'c', 'd'].map((content) => files.create('t/_log/1.json', content)));
      expect(wins.filter((won) => won)).toHaveLength(1);
      expect(await text('t/_log/1.json')).toBe(['a', 'b', 'c', 'd'][wins.indexOf(true)]);
      expect(await files.create('t/_log/1.json', 'late')).toBe(false);
    });

    test('what is not there is undefined; what is replaced is new', async () => {
      expect(await files.read('t/none')).toBeUndefined();
      await files.replace('t/_hint', 'one');
      await files.replace('t/_hint', 'another');
      expect(await text('t/_hint')).toBe('another');
    });

    test('lists are sorted, below a prefix, after a name', async () => {
      for (const path of ['u/2.json', 'u/10.json', 'u/a=b/x.parquet', 'v/1.json']) await files.create(path, path);
      const paths = async (prefix: string, after?: string) => (await files.list(prefix, after)).map(({ path }) => path);
      expect(await paths('u/')).toEqual(['u/10.json', 'u/2.json', 'u/a=b/x.parquet']);
      expect(await paths('u/', 'u/10.json')).toEqual(['u/2.json', 'u/a=b/x.parquet']);
      expect(await paths('w/')).toEqual([]);
      expect((await files.list('v/'))[0]?.bytes).toBe('v/1.json'.length);
    });

    test.each([['../out'], ['/etc/x'], ['a//b'], ['a/.b'], ['']])('%s leads nowhere', async (path) => {
      await expect(files.create(path, 'x')).rejects.toMatchObject({ code: 'internal.bug' });
    });

    test('a folder to work in is a new and empty one each time', async () => {
      const folders = await Promise.all([files.workFolder(), files.workFolder()]);
      try {
        expect(new Set(folders).size).toBe(2);
        for (const folder of folders) expect(await readdir(folder)).toEqual([]);
      } finally {
        for (const folder of folders) await rm(folder, { recursive: true });
      }
    });

    test('two compactors at once make one table, which verifies', async () => {
      const source = madeSource(
        [1, 2, 3, 4].map((sequence) =>
          madeSegment('completions', sequence, [madeCompletion({ group: sequence, sample: 0 })]),
        ),
      );
      const [one, two] = await Promise.all([
        compact(source, files, { groupBytes: 1 }),
        compact(source, files, { groupBytes: 1 }),
      ]);
      expect(one.segments + two.segments).toBe(4);
      const onProblem = ({ where, what }: PoolProblem) => expect.fail(`${where} ${what}`);
      await using checked = await openChecked(files, { onProblem });
      const [verified] = await verifyTables(checked, source, { onProblem });
      expect(verified).toMatchObject({ records: 4, segments: { taken: 4 } });
    });
  });
}
