// The Grafana dashboard as JSON, from panels.ts. `node infra/grafana/emit.ts` writes infra/grafana/anneal.json; a test compares.
import { type PanelSpec, ROWS, type RowSpec } from './panels.ts';

const WIDTH = 24;
const HEIGHT = 8;
const PER_LINE = 3;
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
const SOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

export function dashboard(): Record<string, unknown> {
  let y = 0;
  let id = 0;
  const panels = ROWS.flatMap((row) => {
    const head = {
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    };
    const below = row.panels.map((panel, n) => render(panel, ++id, placeOf(row, n, y + 1)));
    y += 1 + HEIGHT * Math.ceil(row.panels.length / PER_LINE);
    return [head, ...below];
  });
  return {
    uid: 'anneal',
    title: 'Anneal',
    tags: ['anneal'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'campaign',
          label: 'Campaign',
          type: 'query',
          datasource: SOURCE,
          query: { query: 'label_values(anneal_campaign_stage, campaign)', refId: 'campaign' },
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels,
  };
}

function placeOf(row: RowSpec, n: number, y: number) {
  const line = Math.floor(n / PER_LINE);
  // A last line that is not full shares the width.
  const inLine = Math.min(PER_LINE, row.panels.length - line * PER_LINE);
  const w = WIDTH / inLine;
  return { x: (n % PER_LINE) * w, y: y + line * HEIGHT, w, h: HEIGHT };
}

function render(panel: PanelSpec, id: number, gridPos: ReturnType<typeof placeOf>): Record<string, unknown> {
  const table = panel.kind === 'table';
  return {
    id,
    type: panel.kind,
    title: panel.title,
    description: panel.asks,
    datasource: SOURCE,
    gridPos,
    targets: panel.queries.map(({ expr, legend }, n) => ({
      refId: String.fromCharCode(65 + n),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(table ? { instant: true, format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        ...(table
          ? {}
          : {
              custom: {
                fillOpacity: panel.stack === true ? 30 : 0,
                showPoints: 'never',
                stacking: { mode: panel.stack === true ? 'normal' : 'none' },
              },
            }),
      },
      overrides: [],
    },
    ...(table
      ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }] }
      : { options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } } }),
  };
}
