// What happens next: a binary heap by time. At the same time the first to be put in comes out first, so that a simulation is the
// same every time.

interface Node<T> {
  readonly at: number;
  readonly order: number;
  readonly item: T;
}

export interface Queue<T> {
  readonly size: number;
  push(at: number, item: T): void;
  peek(): { readonly at: number; readonly item: T } | undefined;
  pop(): { readonly at: number; readonly item: T } | undefined;
}

const isBefore = (a: Node<unknown>, b: Node<unknown>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export function createQueue<T>(): Queue<T> {
  const heap: Node<T>[] = [];
  let order = 0;
  return {
    get size() {
      return heap.length;
    },
    push(at, item) {
      const node = { at, order, item };
      order += 1;
      let hole = heap.length;
      heap.push(node);
      while (hole > 0) {
        const parent = (hole - 1) >> 1;
        if (!isBefore(node, heap[parent]!)) break;
        heap[hole] = heap[parent]!;
        hole = parent;
      }
      heap[hole] = node;
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      let hole = 0;
      for (;;) {
        let child = 2 * hole + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
        if (!isBefore(heap[child]!, last)) break;
        heap[hole] = heap[child]!;
        hole = child;
      }
      heap[hole] = last;
      return first;
    },
  };
}
