// Generated files are committed for editors; a change of a schema must regenerate them (npm run schemas).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { schemaFiles } from '../../contracts/emit-schemas.ts';

describe('committed JSON Schemas', () => {
  test.each(Object.entries(schemaFiles()))('%s is current', (name, content) => {
    expect(readFileSync(join(import.meta.dirname, '../../contracts/schema', name), 'utf8')).toBe(content);
  });
});
