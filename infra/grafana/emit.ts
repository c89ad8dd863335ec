// Writes the dashboard's JSON beside this file: node infra/grafana/emit.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboard } from './dashboard.ts';

writeFileSync(join(import.meta.dirname, 'anneal.json'), `${JSON.stringify(dashboard(), undefined, 2)}\n`);
