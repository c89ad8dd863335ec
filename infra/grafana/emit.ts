// Writes the dashboard's JSON beside this file: node infra/grafana/emit.ts
import { writeFileSync } from 'node:fs';
import { dashboard } from './dashboard.ts';

writeFileSync(new URL('./anneal.json', import.meta.url), `${JSON.stringify(dashboard(), undefined, 2)}\n`);
