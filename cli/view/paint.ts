// Colour as a value: the same code renders with and without. Whoever calls decides (NO_COLOR, a pipe, --color).

const code =
  (on: boolean, open: number, close: number) =>
  (text: string): string =>
    on && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan', (text: string) => string>
>;

export function paint(on: boolean): Paint {
  return {
    bold: code(on, 1, 22),
    dim: code(on, 2, 22),
    red: code(on, 31, 39),
    green: code(on, 32, 39),
    yellow: code(on, 33, 39),
    blue: code(on, 34, 39),
    magenta: code(on, 35, 39),
    cyan: code(on, 36, 39),
  };
}
