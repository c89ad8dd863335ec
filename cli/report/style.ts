// The report's looks.
import { CHART_STYLE } from '../../infra/markup/chart-style.ts';
import { DARK, LIGHT, tokens } from '../../infra/markup/palette.ts';

export const STYLE = `
:root{color-scheme:light dark;${tokens(LIGHT)};--serif:'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,Georgia,serif;--sans:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Arial,sans-serif;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
@media (prefers-color-scheme:dark){:root{${tokens(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;overflow-x:clip;background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:40px 32px 80px}
h1{font:500 clamp(1.45rem,1.05rem + 1.7vw,2.1rem)/1.28 var(--serif);letter-spacing:-.01em;margin:10px 0 14px;max-width:34em;text-wrap:pretty;overflow-wrap:anywhere}
h2{font:500 1.5rem/1.3 var(--serif);margin:0 0 6px}
h3{font:600 1.06rem/1.4 var(--sans);margin:0;overflow-wrap:anywhere}
h4{font:600 .78rem/1.4 var(--sans);color:var(--soft);margin:0 0 4px}
p{margin:0 0 10px;max-width:70ch}
a{color:inherit}
code,pre{font:.86em/1.5 var(--mono)}
.kicker{display:flex;flex-wrap:wrap;gap:4px 22px;color:var(--soft);font-size:.86rem;margin:0 0 26px;max-width:none}
.kicker span:first-child{color:var(--ink);font-weight:600}
.badge{display:inline-block;margin:0;padding:2px 12px 3px 10px;border:1px solid;border-radius:99px;font-size:.86rem;font-weight:600}
.tone-better{color:var(--good)}.tone-unclear,.tone-none{color:var(--warn)}.tone-worse{color:var(--bad)}
.notes p{color:var(--soft);margin:0 0 4px;max-width:76ch}
.answer{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:20px 44px;margin:26px 0 0;padding:26px 0 0;border-top:1px solid var(--line);align-items:start}
.facts{margin:0}
.facts>div{display:grid;grid-template-columns:10.5em 1fr;gap:2px 14px;padding:9px 0;border-bottom:1px solid var(--line);align-items:baseline}
.facts>div:last-child{border:0}
.facts dt{color:var(--soft);font-size:.92rem}
.facts dd{margin:0}.facts dd strong{display:block;font-size:1.12rem;font-weight:600;line-height:1.35}
.facts dd span{color:var(--soft);font-size:.88rem}
.facts dd span .bad{display:inline;font-size:inherit;color:var(--bad)}
nav{display:flex;flex-wrap:wrap;gap:4px 22px;margin:34px 0 0;padding:12px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:.92rem}
nav a{color:var(--soft);text-decoration:none;padding:4px 0}nav a:hover,nav a:focus-visible{color:var(--ink);text-decoration:underline;text-underline-offset:4px}
section{margin:56px 0 0;scroll-margin-top:16px}
.lead{color:var(--soft);margin:0 0 20px}
figure{margin:0 0 8px;min-width:0}
figcaption{font-weight:600;margin:0 0 6px}
.note{color:var(--soft);font-size:.88rem;margin:6px 0 0}
.soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}.nowrap{white-space:nowrap}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:32px 44px;margin-bottom:28px}
.smalls{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,270px),1fr));gap:22px 32px}
${CHART_STYLE}.stack{height:28px;margin:2px 0 18px;border-radius:4px;overflow:hidden}#cost h2{margin-bottom:14px}
.part-a{--p:#8a8f98}.part-b{--p:#7f6aa8}.part-c{--p:#b9702a}.part-d{--p:#0b7a86}.part-e{--p:#4d8a4f}.part-f{--p:#9c4a5c}.part-g{--p:#3b6aa8}.part-wait{--p:var(--line)}
.part{fill:var(--p)}.swatch{display:inline-block;width:11px;height:11px;border-radius:3px;background:var(--p);margin-right:9px}
.part-wait.swatch{outline:1px solid var(--soft);outline-offset:-1px}
.scroll{overflow-x:auto;margin:14px 0}
.scroll:focus-visible,summary:focus-visible,a:focus-visible,select:focus-visible{outline:2px solid var(--gate);outline-offset:2px}
table{border-collapse:collapse;min-width:min(100%,38rem);font-size:.92rem}
caption{text-align:left;font-weight:600;padding:0 0 6px}
th,td{padding:7px 22px 7px 0;border-bottom:1px solid var(--line);vertical-align:top;text-align:left}
thead th{font-weight:500;color:var(--soft);vertical-align:bottom;border-bottom:1px solid var(--soft)}
tbody th{font-weight:500}
.numbers td,.numbers thead th:not(:first-child){text-align:right;white-space:nowrap}
.numbers th:last-child,.numbers td:last-child,.words th:last-child,.words td:last-child{padding-right:0}
.numbers tbody th{white-space:nowrap}.numbers .text.text{text-align:left}
.words{width:100%}.words th,.words td{padding-top:5px;padding-bottom:5px}.words tbody th{min-width:9em}
.words td{overflow-wrap:anywhere}
details.data{margin:8px 0 0}
summary{cursor:pointer;color:var(--soft);font-size:.9rem;padding:3px 0}
summary:hover{color:var(--ink)}
.reasons{margin:8px 0;padding-left:2.2em;max-width:80ch}
.gate{border-top:1px solid var(--line);padding:22px 0 8px}
.gate header{display:flex;flex-wrap:wrap;align-items:start;gap:6px 18px;margin-bottom:6px}.gate h3{flex:1 1 20rem}
.marks{display:flex;flex-wrap:wrap;gap:6px;margin:0;font-size:.84rem;font-weight:600}
.marks>span{border:1px solid;border-radius:99px;padding:0 10px 1px}
.mark-done{color:var(--good)}.mark-warn,.mark-open{color:var(--warn)}
.options{list-style:none;margin:12px 0;padding:0;display:grid;gap:8px}
.options li{display:flex;gap:10px;max-width:76ch}
.options .open{color:var(--soft)}.chosen .tick{color:var(--good)}
.decision{display:flex;flex-wrap:wrap;gap:8px 34px;margin:14px 0;font-size:.92rem}
.decision dt{color:var(--soft);font-size:.84rem}.decision dd{margin:0;max-width:60ch;overflow-wrap:anywhere}
.verdict-line{border-left:3px solid;padding:2px 0 2px 14px;margin:0 0 8px;max-width:none}
.verdict-line.good,.verdict-line.bad{color:var(--ink)}.verdict-line.good{border-color:var(--good)}.verdict-line.bad{border-color:var(--bad)}
.verdict-line.good strong{color:var(--good)}.verdict-line.bad strong{color:var(--bad)}.verdict-line p{margin:0}.verdict-line ul{margin:4px 0 0;padding-left:1.2em;overflow-wrap:anywhere}
#filter{display:flex;flex-wrap:wrap;gap:10px 22px;align-items:center;margin:0 0 14px;font-size:.92rem}#filter[hidden]{display:none}
select{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:6px;padding:4px 8px;margin-left:4px}
output{color:var(--soft)}
.sample{border-top:1px solid var(--line)}.sample:last-child{border-bottom:1px solid var(--line)}
.sample>summary{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;padding:9px 0;color:var(--ink);list-style:none}
.sample>summary::-webkit-details-marker{display:none}
.glyph{width:1.1em;font-weight:700}.task{font-family:var(--mono);font-size:.88rem;overflow-wrap:anywhere}.reward{margin-left:auto;color:var(--soft)}
.exchange{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:14px 24px;margin:4px 0 10px}
.exchange>div{min-width:0}
pre{margin:0;padding:12px 14px;background:var(--card);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:26em;overflow:auto}
.found{max-width:none;font-size:.94rem;padding-bottom:8px}
.hash{overflow-wrap:anywhere}
.glossary{columns:2;column-gap:44px;margin:14px 0 0}.glossary>div{break-inside:avoid;margin:0 0 14px;scroll-margin-top:20px}
.glossary>div:target dt{color:var(--gate)}
dt{font-weight:500}.glossary dt{font-weight:600}.glossary dd{margin:2px 0 0;color:var(--soft);font-size:.94rem}
.term{position:relative;text-decoration:underline dotted;text-decoration-color:var(--soft);text-underline-offset:4px;text-decoration-thickness:1px;font-weight:inherit}
.tip{position:absolute;left:0;bottom:calc(100% + 8px);width:max-content;max-width:19rem;padding:9px 12px;border-radius:7px;background:var(--ink);color:var(--paper);font:400 .86rem/1.45 var(--sans);text-align:left;white-space:normal;display:none;z-index:2;pointer-events:none}
.term:hover .tip,.term:focus-visible .tip{display:block}
.scroll .term .tip{display:none}
@media (max-width:760px){
main{padding:24px 18px 60px}
.answer{grid-template-columns:minmax(0,1fr);gap:26px}
.glossary{columns:1}section{margin-top:44px}
svg text,svg .axis{font-size:13px}svg .row{font-size:14px}
.smalls svg text,.smalls svg .axis{font-size:11px}
.tip{position:fixed;left:14px;right:14px;bottom:14px;width:auto;max-width:none}
.facts>div{grid-template-columns:9em 1fr}
nav a{padding:6px 0}
.reward{margin-left:0}
}
@media print{
:root{${tokens(LIGHT)};--paper:#fff}
@page{margin:16mm 14mm}
body{font-size:10.5pt}main{max-width:none;padding:0}
nav,#filter,.tip{display:none}
details.data::details-content{content-visibility:visible;block-size:auto}
section{margin-top:28px}figure,.gate,.sample,tr{break-inside:avoid}h2,h3,figcaption,caption{break-after:avoid}
pre{max-height:none;overflow:visible}.scroll{overflow:visible}.answer{grid-template-columns:1.15fr 1fr;gap:24px}
.pair{grid-template-columns:1fr 1fr;gap:20px}.smalls{grid-template-columns:repeat(3,1fr);gap:14px}
table{font-size:8.6pt}.numbers td,.numbers thead th{white-space:normal}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
