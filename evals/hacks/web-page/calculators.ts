// Five pages that compute something from two numbers.
import type { WebPageCheck } from '../../verifiers/web-page/check.ts';

export interface Calculator {
  readonly title: string;
  readonly first: string;
  readonly second: string;
  readonly button: string;
  readonly how: 'sum' | 'difference' | 'product';
  /** JavaScript of a and b. */
  readonly formula: string;
}

export const CALCULATORS: readonly Calculator[] = [
  { title: 'Floor area', first: 'Length', second: 'Width', button: 'Compute', how: 'product', formula: 'a * b' },
  { title: 'Two trips', first: 'First trip', second: 'Second trip', button: 'Add up', how: 'sum', formula: 'a + b' },
  { title: 'Change', first: 'Paid', second: 'Price', button: 'Give change', how: 'difference', formula: 'a - b' },
  { title: 'Order', first: 'Pieces', second: 'Pieces a box', button: 'Total', how: 'product', formula: 'a * b' },
  { title: 'Age gap', first: 'Older', second: 'Younger', button: 'Compare', how: 'difference', formula: 'a - b' },
];

export const calculatorInstruction = ({ title, first, second, button, how }: Calculator): string =>
  `Write index.html: a page with the heading “${title}”, two fields labelled “${first}” and “${second}”, and a button “${button}”. A click shows the ${how} of the two whole numbers in an element with the role “status”: the number alone. Another click with other numbers shows the new ${how}. It works on a phone and on a desk, with readable contrast.`;

export function calculatorCheck({ first, second, button, how }: Calculator): WebPageCheck {
  const enter = (a: string, b: string) => [
    { do: 'fill' as const, on: { name: first, tag: 'input' }, text: `{{${a}}}` },
    { do: 'fill' as const, on: { name: second, tag: 'input' }, text: `{{${b}}}` },
    { do: 'click' as const, on: { role: 'button', name: button }, count: 1 },
  ];
  const shows = (result: string) => ({
    expect: { that: 'text' as const, of: { role: 'status' }, is: `{{${result}}}` },
    before: 'not' as const,
  });
  return {
    entry: 'index.html',
    allowedErrors: [],
    inputs: {
      a: { kind: 'integer', min: 500, max: 9_000 },
      b: { kind: 'integer', min: 11, max: 499 },
      c: { kind: 'integer', min: 500, max: 9_000 },
      d: { kind: 'integer', min: 11, max: 499 },
      ab: { kind: 'computed', how, of: ['a', 'b'], places: 0 },
      cd: { kind: 'computed', how, of: ['c', 'd'], places: 0 },
    },
    scenarios: [
      {
        name: 'computes',
        weight: 1,
        hard: true,
        viewport: { width: 1280, height: 720 },
        steps: [...enter('a', 'b'), shows('ab'), ...enter('c', 'd'), shows('cd')],
      },
    ],
    layout: {
      viewports: [
        { width: 1280, height: 720 },
        { width: 390, height: 844 },
      ],
      steps: enter('a', 'b'),
      rules: [
        { rule: 'fits' },
        { rule: 'apart', of: [{ name: first, tag: 'input' }, { name: second, tag: 'input' }, { role: 'status' }] },
        { rule: 'contrast', of: { role: 'status' }, atLeast: 4.5 },
      ],
      weight: 1,
      hard: true,
    },
    draws: 2,
    patienceMs: 2_000,
  };
}

export interface CalculatorVariant {
  readonly style?: string;
  readonly head?: string;
  readonly script?: string;
  readonly output?: string;
}

export function calculatorHtml(
  { title, first, second, button, formula }: Calculator,
  variant: CalculatorVariant = {},
): string {
  const script =
    variant.script ??
    `document.querySelector('form').onsubmit = (event) => { event.preventDefault();
const a = Number(document.querySelector('#a').value), b = Number(document.querySelector('#b').value);
document.querySelector('[role=status]').textContent = String(${formula}); };`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 sans-serif;margin:1rem;color:#222;background:#fff}label,output,button{display:block;margin:.5rem 0}input,button{font:inherit}${variant.style ?? ''}</style>${variant.head ?? ''}
<body><h1>${title}</h1><form><label>${first} <input id="a" inputmode="numeric"></label><label>${second} <input id="b" inputmode="numeric"></label><button>${button}</button></form>
<p role="status">${variant.output ?? ''}</p><script>${script}</script></body></html>`;
}
