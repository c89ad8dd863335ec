// How charts are drawn, on every page that has any.

export const CHART_STYLE = `svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:12px var(--sans);fill:var(--ink);font-variant-numeric:tabular-nums}
svg .axis{fill:var(--soft);font-size:11.5px}
svg .row{font-weight:500;font-size:12.5px;paint-order:stroke;stroke:var(--paper);stroke-width:5px}
.grid{stroke:var(--line);stroke-width:1}.zero{stroke:var(--soft)}
.band{fill:var(--line);opacity:.42}
.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
.whisker{stroke:var(--c);stroke-width:2.4;opacity:.42;stroke-linecap:round}
.mark{fill:var(--c);stroke:var(--paper);stroke-width:1.2}
.hollow{fill:var(--paper);stroke:var(--c);stroke-width:2}
.ink-gate{--c:var(--gate)}.ink-visible{--c:var(--visible)}.ink-format{--c:var(--format)}.ink-right{--c:var(--right)}.ink-plain{--c:var(--soft)}
.verdict-promote{fill:var(--good)!important;color:var(--good);font-weight:600}.verdict-revert{fill:var(--bad)!important;color:var(--bad);font-weight:600}.verdict-ask{fill:var(--warn)!important;color:var(--warn);font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 6px;padding:0;font-size:.88rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}.legend svg{width:24px;flex:none}
`;
