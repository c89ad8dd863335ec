// Further pages, so that there are ten lists and ten calculators: labels of several words, other alphabets, signs that markup and regular
// expressions take for their own, and long names on a narrow screen.
import type { Calculator } from './calculators.ts';
import type { ListPage } from './lists.ts';

export const FURTHER_LISTS: readonly ListPage[] = [
  { title: 'Things to pack for the long way north', label: 'What to pack', things: 'things to pack' },
  { title: 'Liste de courses', label: 'Denrée à acheter', things: 'denrées' },
  { title: 'Crew (night watch)', label: 'Name (or nickname)', things: 'sailors' },
  { title: 'R&D ideas', label: 'Idea & author', things: 'ideas' },
  { title: 'Список дел', label: 'Дело', things: 'дел' },
];

export const FURTHER_CALCULATORS: readonly Calculator[] = [
  { title: 'Debt', first: 'Earned', second: 'Owed', button: 'Settle', how: 'difference', formula: 'a - b' },
  {
    title: 'Two shifts (hours)',
    first: 'Hours by day',
    second: 'Hours at night',
    button: 'Sum up',
    how: 'sum',
    formula: 'b + a',
  },
  {
    title: 'Fläche',
    first: 'Länge in m',
    second: 'Breite in m',
    button: 'Berechnen',
    how: 'product',
    formula: 'b * a',
  },
  {
    title: 'Seats & rows',
    first: 'Seats a row',
    second: 'Rows',
    button: 'Count seats',
    how: 'product',
    formula: 'a * b',
  },
  {
    title: 'Both sides of the ledger',
    first: 'Left-hand side',
    second: 'Right-hand side',
    button: 'Balance',
    how: 'sum',
    formula: 'a + b',
  },
];
