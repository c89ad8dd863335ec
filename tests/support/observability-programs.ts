// Builds what only the tests of metrics and traces run: node tests/support/observability-programs.ts
import { ensureBinary } from '../../k8s/testbed/binaries.ts';

for (const name of ['promtool', 'prometheus', 'otelcol'] as const)
  console.log(await ensureBinary(name, (line) => console.log(line)));
