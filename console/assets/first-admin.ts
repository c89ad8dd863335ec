// The page that the first admin's link opens: it keeps the code and leads to the sign-in.
import { keepCode } from './link-code.ts';

for (const place of document.querySelectorAll<HTMLElement>('[data-first-admin]')) {
  const part = (name: string): HTMLElement => place.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
  if (keepCode()) part('go').hidden = false;
  else {
    part('told').textContent = 'The link is not whole: open it as the command printed it.';
    part('told').dataset.how = 'bad';
  }
}
