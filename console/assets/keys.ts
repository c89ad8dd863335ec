// Keys for lists: j and k go through rows, Enter opens the one in focus as it does anyway.

const links = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-row] a[href]:first-of-type')];

function step(by: number): void {
  const all = links();
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = all[Math.min(all.length - 1, Math.max(0, at === -1 ? (by > 0 ? 0 : all.length - 1) : at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function toggleHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>('dialog#keys');
  if (dialog === null) return;
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const DOES: Readonly<Record<string, () => void>> = {
  j: () => step(1),
  k: () => step(-1),
  g: () => location.assign('/'),
  c: () => location.assign('/campaigns'),
  '?': toggleHelp,
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null) return;
  const act = DOES[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
