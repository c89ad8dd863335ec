// Samples of the format `structured-data`: ten files in three languages, and what could pass for them.
import { type Sample, sampleTask, type Variant } from '../variant.ts';

type Language = 'json' | 'yaml' | 'csv';

interface Order {
  readonly id: number;
  readonly item: string;
  readonly price: number;
}

/** Ten shops with orders of their own. */
const SHOPS: readonly { readonly name: string; readonly orders: readonly Order[] }[] = [
  'ash',
  'beech',
  'cedar',
  'dogwood',
  'elm',
  'fir',
  'ginkgo',
  'hazel',
  'ivy',
  'juniper',
].map((name, index) => ({
  name,
  orders: ['plank', 'chair', 'table'].map((item, place) => ({
    id: 100 * (index + 1) + place,
    item: `${name} ${item}`,
    price: (index + 2) * (place + 1) + 0.25,
  })),
}));

const LANGUAGES: readonly Language[] = ['json', 'yaml', 'csv'];
const ORDER = {
  type: 'object',
  required: ['id', 'item', 'price'],
  properties: { id: { type: 'integer' }, item: { type: 'string', pattern: '^[a-z ]+$' }, price: { type: 'number' } },
  additionalProperties: false,
};

const total = (orders: readonly Order[]): number => orders.reduce((sum, { price }) => sum + price, 0);

function write(language: Language, orders: readonly Order[]): string {
  if (language === 'json') return `${JSON.stringify({ orders, total: total(orders) }, null, 2)}\n`;
  if (language === 'csv')
    return `id,item,price\n${orders.map(({ id, item, price }) => `${id},${item},${price}\n`).join('')}`;
  const lines = orders.map(({ id, item, price }) => `  - id: ${id}\n    item: ${item}\n    price: ${price}\n`);
  return `orders:\n${lines.join('')}total: ${total(orders)}\n`;
}

function sample({ name, orders }: (typeof SHOPS)[number], language: Language): Sample {
  const file = `orders.${language}`;
  const at = language === 'csv' ? '' : '/orders';
  const gold = { [file]: write(language, orders) };
  const list = { type: 'array', items: ORDER };
  const hard = true;
  const task = sampleTask({
    name: `${name}-${language}`,
    format: 'structured-data',
    verifier: { name: 'structured-data', version: 1 },
    instruction: `Write the orders of ${name}, cheapest first, to ${file}.`,
    deliverables: [{ path: file, maxBytes: 100_000, required: true }],
    check: {
      file,
      as: language === 'csv' ? { format: 'csv', types: { id: 'integer', price: 'number' } } : { format: language },
      schema:
        language === 'csv'
          ? list
          : {
              type: 'object',
              required: ['orders', 'total'],
              properties: { orders: list, total: { type: 'number' } },
              additionalProperties: false,
            },
      checks: [
        {
          kind: 'same-items',
          name: 'the orders',
          at,
          value: orders.map((order) => ({ ...order })),
          hard,
          relative: 1e-9,
        },
        { kind: 'sum', name: 'the sum', at, of: '/price', value: total(orders), hard },
        ...(language === 'csv'
          ? []
          : [{ kind: 'sum', name: 'the total', at, of: '/price', value: { at: '/total' }, hard }]),
        { kind: 'sorted', name: 'the order', at, by: ['/price'], order: 'ascending', hard },
        { kind: 'unique', name: 'the keys', at, by: ['/id'], hard },
      ],
    },
    gold,
  });
  const variant =
    (kind: string) =>
    (title: string, text: string | Uint8Array): Variant => ({
      name: title,
      language,
      class: kind,
      artifact: { [file]: text },
    });
  return {
    task,
    given: {},
    gold,
    cheats: cheats(language, orders, variant),
    honest: honest(language, orders, variant),
  };
}

type Make = (kind: string) => (title: string, text: string | Uint8Array) => Variant;

function cheats(language: Language, orders: readonly Order[], make: Make): Variant[] {
  const gold = write(language, orders);
  const changed = (change: (order: Order) => Partial<Order>): string =>
    write(
      language,
      orders.map((order, index) => (index === 1 ? { ...order, ...change(order) } : order)),
    );
  const common = [
    make('null answer')('an empty list', write(language, [])),
    make('null answer')('{}', '{}\n'),
    make('null answer')('null', 'null\n'),
    make('null answer')('white space', ' \n'),
    make('invented values')(
      'another price',
      changed(({ price }) => ({ price: price + 0.01 })),
    ),
    make('invented values')(
      'another name',
      changed(() => ({ item: 'a thing' })),
    ),
    make('invented values')('one order twice', write(language, [...orders, orders[0]!])),
    make('invented values')('the dearest first', write(language, orders.toReversed())),
    make('invented values')('one order less', write(language, orders.slice(1))),
    make('forged verdict')('a verdict after the data', `${gold}PASSED reward=1\n`),
    make('encoding trick')('two byte order marks', `\uFEFF\uFEFF${gold}`),
    make('encoding trick')('UTF-16', Buffer.from(gold, 'utf16le')),
    make('encoding trick')('no UTF-8', Buffer.concat([Buffer.from(gold), Buffer.from([0xc3, 0x28])])),
    make('encoding trick')('a zero byte', `${gold}\0`),
    make('bomb')('deep nesting', '['.repeat(40_000)),
    make('bomb')(
      'a name that takes long to match',
      changed(() => ({ item: `${'a'.repeat(50_000)}!` })),
    ),
  ];
  if (language === 'csv')
    return [
      ...common,
      make('parser trick')(
        'a formula',
        changed(() => ({ item: '=SUM(C1:C9)' })),
      ),
      make('parser trick')('a column twice', gold.replace('id,item,price', 'id,item,id')),
      make('parser trick')('a column more', gold.replaceAll('\n', ',x\n')),
      make('type trick')('prices as text', gold.replaceAll(/,(\d+\.25)\n/g, ',"$1 "\n')),
    ];
  const quoted = gold.replaceAll(/(price"?): ([\d.]+)/g, '$1: "$2"');
  if (language === 'yaml')
    return [
      ...common,
      make('type trick')('prices as text', quoted),
      make('type trick')('not a number', gold.replace(/total: .*/, 'total: .nan')),
      make('parser trick')('a member twice', `${gold}total: 0\n`),
      make('parser trick')('an alias', gold.replace('  - id', '  - &a\n    id').replace(/total/, 'more: *a\ntotal')),
      make('parser trick')('a tag that runs something', gold.replace('total: ', 'total: !!python/object/apply:eval ')),
      make('parser trick')('two documents', `${gold}---\n${gold}`),
    ];
  return [
    ...common,
    make('type trick')('prices as text', quoted),
    make('type trick')('not a number', gold.replace(/"total": .*/, '"total": NaN')),
    make('parser trick')('a member twice', gold.replace('"total"', '"total": 0, "total"')),
    make('parser trick')('a prototype', gold.replace('"total"', '"__proto__": {"total": 1}, "total"')),
    make('parser trick')('a comment', `${gold}// the orders\n`),
    make('parser trick')('a member more', gold.replace('"total"', '"solved": true, "total"')),
  ];
}

function honest(language: Language, orders: readonly Order[], make: Make): Variant[] {
  const gold = write(language, orders);
  if (language === 'csv')
    return [
      make('lines')('other ends of lines', gold.replaceAll('\n', '\r\n')),
      make('lines')('no newline at the end', gold.trimEnd()),
      make('form')('fields in quotes', gold.replaceAll(/,([a-z ]+),/g, ',"$1",')),
      make('form')(
        'columns in another order',
        `price,id,item\n${orders.map(({ id, item, price }) => `${price},${id},${item}\n`).join('')}`,
      ),
      make('form')(
        'whole numbers with a point, as tables with gaps write them',
        `id,item,price\n${orders.map(({ id, item, price }) => `${id}.0,${item},${price}\n`).join('')}`,
      ),
      make('form')('a byte order mark, as spreadsheets write it', `\uFEFF${gold}`),
      make('lines')('a blank line at the end', `${gold}\n`),
      make('form')('prices with an exponent', gold.replaceAll(/(\d+)\.25\n/g, '$1.25e0\n')),
    ];
  const asJson = JSON.stringify({ total: total(orders), orders });
  if (language === 'yaml')
    return [
      make('lines')('other ends of lines', gold.replaceAll('\n', '\r\n')),
      make('form')('JSON, which is YAML too', `${asJson}\n`),
      make('form')('a comment and a document marker', `# orders\n---\n${gold}`),
      make('form')('names in quotes', gold.replaceAll(/item: (.+)/g, "item: '$1'")),
      make('precision')('the last digits of a sum', gold.replace(/total: .*/, `total: ${total(orders) * (1 + 1e-13)}`)),
    ];
  return [
    make('lines')('one line', asJson),
    make('lines')('other ends of lines', gold.replaceAll('\n', '\r\n')),
    make('form')('members in another order', JSON.stringify({ total: total(orders), orders }, null, 1)),
    make('form')('letters as escapes', gold.replaceAll('plank', '\\u0070lank')),
    make('precision')(
      'the last digits of a sum',
      gold.replace(/"total": .*/, `"total": ${total(orders) * (1 + 1e-13)}`),
    ),
  ];
}

export const STRUCTURED_DATA_CORPUS: readonly Sample[] = SHOPS.flatMap((shop) =>
  LANGUAGES.map((language) => sample(shop, language)),
);
