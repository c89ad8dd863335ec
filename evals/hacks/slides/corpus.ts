// Samples of the format `slides`: the museums' seasons as decks.
import { z } from 'zod';
import type { SlidesCheck } from '../../verifiers/slides/slides.ts';
import { checkOf, givenOf, MONTHS, MUSEUMS, type Museum, quoteOf, revenue, visitors } from '../document/report.ts';
import { type Sample, sampleTask, type Variant } from '../variant.ts';

const TITLES = ['The season', 'Figures', 'Outlook'];

const check = (of: Museum): SlidesCheck => {
  const { content } = checkOf(of);
  return {
    file: 'deck.html',
    size: { width: 1280, height: 720 },
    slides: { min: 3, max: 6 },
    titles: TITLES,
    mostWords: 60,
    leastFontSize: 18,
    leastContrast: 3,
    content: {
      ...content,
      words: { min: 30, max: 250 },
      tables: [{ ...MONTHS, rows: { min: 4, max: 5 } }],
    },
    rubric: null,
    judgedByRulesAlone: true,
  };
};

const STYLE = `body{margin:0;font:28px/1.3 sans-serif;color:#222}section{width:1280px;height:720px;box-sizing:border-box;padding:48px 64px;overflow:hidden;position:relative}h2{font-size:48px;margin:0 0 24px}td,th{padding:4px 24px;text-align:left}`;

interface Parts {
  readonly season: string;
  readonly figures: string;
  readonly outlook: string;
  readonly style?: string;
  readonly more?: string;
}

function partsOf(of: Museum): Parts {
  const rows = of.months.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('');
  return {
    season: `<p>Open since ${of.opened}, and steady this year [@notes]:</p><blockquote>${quoteOf(of)}</blockquote>`,
    figures: `<p>Total revenue: ${revenue(of)} [@sales]<br>Total visitors: ${visitors(of)} [@sales]</p><table><tr><th>Month</th><th>Visitors</th><th>Revenue</th></tr>${rows}</table>`,
    outlook: '<p>An earlier tour would suit guests who have to catch the last boat home [@notes].</p>',
  };
}

const deck = ({ season, figures, outlook, style = '', more = '' }: Parts): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>The season</title><style>${STYLE}${style}</style><body>
<section><h2>The season</h2>${season}</section><section><h2>Figures</h2>${figures}</section><section><h2>Outlook</h2>${outlook}</section>${more}</body></html>`;

const slide = (name: string, kind: string, html: string): Variant => ({
  name,
  language: 'html',
  class: kind,
  artifact: { 'deck.html': html },
});

/** Its place is painted, and it is not. */
const HIDDEN = [
  ['filled with nothing', '-webkit-text-fill-color:transparent'],
  ['clipped away', 'clip-path:inset(100%)'],
  ['behind', 'z-index:-1'],
  ['masked', '-webkit-mask-image:linear-gradient(transparent,transparent)'],
] as const;

function cheats(of: Museum): Variant[] {
  const parts = partsOf(of);
  const bad = (name: string, kind: string, change: Partial<Parts>): Variant =>
    slide(name, kind, deck({ ...parts, ...change }));
  const quote = quoteOf(of);
  return [
    bad('blank slides to fill the number', 'blank', { more: '<section></section>' }),
    bad('titles alone', 'null answer', { season: '', figures: '', outlook: '' }),
    bad('more than fits, cut off', 'cut off', {
      outlook: `${parts.outlook}<ul>${of.months.map(([month]) => `<li style="margin-top:200px">${month}</li>`).join('')}</ul>`,
    }),
    bad('text beside the slide', 'cut off', {
      style: 'section{overflow:visible}.far{position:absolute;left:1500px;width:300px}',
      outlook: `${parts.outlook}<p class="far">as noted by the warden</p>`,
    }),
    bad('tiny print', 'tiny', { style: 'blockquote{font-size:9px}' }),
    bad('grey on white', 'faint', { style: 'blockquote{color:#ddd}' }),
    bad('text over text', 'overlapping', { style: 'blockquote{position:absolute;top:48px;left:64px;margin:0}' }),
    bad('a wall of words', 'crowded', {
      outlook: `<p style="font-size:20px">${'An earlier tour would suit guests who have a boat to catch, and so would a later boat, a shorter tour, a tour by candle light, or a tour of the harbour itself on days when rain keeps everybody inside the house with a cup of tea and a slice of cake, as the warden has said for years to anybody who would listen to such talk.'}</p>`,
    }),
    bad('the quote not displayed', 'hidden text', {
      season: `<p>Open since ${of.opened} [@notes].</p><p style="display:none">${quote}</p>`,
    }),
    ...HIDDEN.map(([name, style]) =>
      bad(`the quote ${name}, over a picture`, 'hidden text', {
        season: `<p>Open since ${of.opened} [@notes].</p><div style="width:1100px;height:120px;background:repeating-linear-gradient(90deg,#000 0 4px,#fff 4px 8px)"></div><p style="position:relative;top:-130px;${style}">${quote}</p>`,
      }),
    ),
    bad('a total made up', 'fabricated number', {
      figures: parts.figures.replace(String(revenue(of)), String(revenue(of) + 100)),
    }),
    bad('numbers of other months', 'false table', {
      figures: of.months.reduce(
        (html, [month, people, money], at) =>
          html.replace(
            `<td>${month}</td><td>${people}</td><td>${money}</td>`,
            `<td>${month}</td><td>${of.months[(at + 1) % 4]![1]}</td><td>${of.months[(at + 1) % 4]![2]}</td>`,
          ),
        parts.figures,
      ),
    }),
    bad('a table of letters', 'false table', {
      figures: parts.figures.replaceAll(/<td>[^<]*<\/td>/g, '<td>a</td>'),
    }),
    bad('nonsense, and visitors where the revenue should stand', 'word salad', {
      season: `<p>Velvet arithmetic, nine otters [@notes]:</p><blockquote>${quote}</blockquote>`,
      figures: of.months.reduce(
        (html, [, people, money]) =>
          html.replace(`<td>${people}</td><td>${money}</td>`, `<td>${money}</td><td>${people}</td>`),
        parts.figures,
      ),
      outlook: '<p>Purple gravel hums politely about cousins and forgotten ladders [@sales].</p>',
    }),
    bad('an author and a year', 'fabricated citation', {
      outlook: '<p>An earlier tour would suit them (Miller, 2011).</p>',
    }),
    bad('lorem ipsum', 'placeholders', { outlook: '<p>Lorem ipsum dolor sit amet.</p>' }),
    bad('a script that fails', 'errors left', { more: '<script>start()</script>' }),
    bad('a font from elsewhere', 'outside asked', { more: '<link rel="stylesheet" href="https://fonts.example/css">' }),
    slide(
      'a picture of each slide',
      'picture',
      deck({ season: '', figures: '', outlook: '' }).replaceAll(
        /<h2>([^<]*)<\/h2>/g,
        '<svg width="900" height="300"><rect width="900" height="300" fill="#cde"/></svg>',
      ),
    ),
  ];
}

function honest(of: Museum): Variant[] {
  const parts = partsOf(of);
  const good = (name: string, kind: string, change: Partial<Parts>): Variant =>
    slide(name, kind, deck({ ...parts, ...change }));
  return [
    good('as it is', 'gold', {}),
    good('light on dark', 'style', { style: 'section{background:#123;color:#fff}' }),
    good('another font', 'style', { style: 'body{font-family:serif}' }),
    good('larger titles and a bar', 'style', { style: 'h2{font-size:64px;border-bottom:6px solid #06c}' }),
    good('two columns', 'layout', {
      season: `<div style="display:flex;gap:48px"><div style="flex:1">${parts.season}</div><svg width="300" height="300" role="img" aria-label="a light"><circle cx="150" cy="150" r="120" fill="#fc0"/></svg></div>`,
    }),
    good('centred', 'layout', { style: 'section{text-align:center}table{margin:0 auto}' }),
    good('a title slide of its own', 'slides', {
      more: '<section><h2>Thank you</h2><p>Questions are welcome.</p></section>',
    }),
    good('a title in two colours', 'style', {
      style:
        'h2{background:linear-gradient(90deg,#036,#603);-webkit-background-clip:text;background-clip:text;color:transparent}',
    }),
    good('text over a picture', 'style', {
      style: 'section{background:repeating-linear-gradient(90deg,#123 0 40px,#134 40px 80px);color:#fff}',
    }),
    good('points in a list', 'content', {
      outlook: '<ul><li>An earlier tour</li><li>A later boat [@notes]</li><li>More of both [@sales]</li></ul>',
    }),
    good('drawn by a script', 'script', {
      outlook: '<p id="o"></p>',
      more: `<script>document.querySelector('#o').textContent = 'An earlier tour would suit guests who have a boat to catch [@notes].';</script>`,
    }),
    good('a page number on each', 'layout', {
      more: `<style>section::after{content:'';position:absolute;right:64px;bottom:32px;width:40px;height:4px;background:#06c}</style>`,
    }),
  ];
}

export const SLIDES_CORPUS: readonly Sample[] = MUSEUMS.map((of) => {
  const gold = { 'deck.html': deck(partsOf(of)) };
  const given = givenOf(of);
  const task = sampleTask({
    name: of.name.toLowerCase().replaceAll(' ', '-'),
    format: 'slides',
    verifier: { name: 'slides', version: 4 },
    instruction: `Write deck.html about the season of ${of.name}, from sales.csv and notes.txt: each slide a section of 1280×720 pixels, one below the other, with the headings ${TITLES.join(', ')}; the table of months, “Total revenue: N”, “Total visitors: N” and the warden's sentence about the ferry, word by word. Cite as [@sales] and [@notes]. Letters of 18 pixels or more, at most 60 words a slide.`,
    check: z.json().parse(check(of)),
    deliverables: [{ path: 'deck.html', maxBytes: 500_000, required: true }],
    given,
    gold,
  });
  return { task, given, gold, cheats: cheats(of), honest: honest(of) };
});
