// Shares and differences as sentences show them.

/** 0.314 → 31.4%. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

/** 0.031 → 3.1 points; −0.031 → −3.1 points. */
export const points = (share: number): string => `${minus(share)}${(Math.abs(share) * 100).toFixed(1)} points`;

/** The same with its sign: +3.1 points. */
export const gained = (share: number): string => `${share < 0 ? '' : '+'}${points(share)}`;

/** A small probability: 0.0031, 2.4e-7. */
export const chance = (p: number): string => (p >= 0.0005 ? p.toFixed(4) : p.toExponential(1));

/** 1 task, 2 tasks; 1 family, 2 families. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

// What rounds to zero has no sign.
const minus = (share: number): string => (share < 0 && Math.abs(share) >= 0.0005 ? '−' : '');
