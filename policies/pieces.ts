// What an attempt at a job does differently after one that was killed for lack of memory: it computes the same gradient in smaller
// pieces, which takes longer and less memory. A human is asked when that did not help either.

/** Halvings that are tried before a human is asked. */
const HALVINGS = 2;

/** Into how many pieces the trainer divides what it would compute at once (`ANNEAL_PIECES`). @param kills attempts that ran out of memory */
export const piecesAfter = (kills: number): number => 2 ** Math.min(kills, HALVINGS);

/** Whether the next attempt needs less memory than the last. @param kills with that of the last */
export const isSmallerNext = (kills: number): boolean => kills > 0 && piecesAfter(kills) > piecesAfter(kills - 1);
