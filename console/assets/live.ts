// Keeps an open page true: hears from the console that something changed, asks for the page again, and puts in what is new. What somebody
// writes stays. When nobody speaks any more, the page says since when.

interface LiveMessage {
  readonly version: string;
  readonly open: number;
  readonly stale: string | null;
}

const SILENT_MS = 7_000;
const AGAIN_MS = 1_000;
const { topic } = document.body.dataset;
let heardAt = Date.now();
let asking = false;
let again = false;

function setStale(since: string | null): void {
  const note = document.querySelector<HTMLElement>('[data-stale-note]');
  if (note === null) return;
  note.hidden = since === null;
  if (since === null) delete document.body.dataset.stale;
  else {
    document.body.dataset.stale = since;
    const time = note.querySelector('[data-stale-since]');
    const text = `${since.slice(11, 19)} UTC`;
    if (time !== null && time.textContent !== text) time.textContent = text;
  }
}

function hear(text: string): void {
  const message = JSON.parse(text) as LiveMessage;
  heardAt = Date.now();
  setStale(message.stale);
  for (const count of document.querySelectorAll('[data-open]')) count.textContent = String(message.open);
  if (topic !== undefined && message.version !== '' && message.version !== document.body.dataset.version) void ask();
}

async function ask(): Promise<void> {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' });
    // Signed out meanwhile.
    if (answer.type === 'opaqueredirect') location.reload();
    else if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // The stream tells that nobody answers.
  } finally {
    asking = false;
    if (again) {
      again = false;
      setTimeout(() => void ask(), 200);
    }
  }
}

function put(next: Document): void {
  const news = document.querySelector('[data-news]');
  for (const part of document.querySelectorAll<HTMLElement>('[data-part]')) {
    const name = part.dataset.part ?? '';
    const fresh = next.querySelector<HTMLElement>(`[data-part="${CSS.escape(name)}"]`);
    if (fresh === null || fresh.outerHTML === part.outerHTML) continue;
    const isForm = part.dataset.state !== undefined;
    // The form somebody may be writing in is left alone for as long as it can be sent.
    if (isForm && fresh.dataset.state === part.dataset.state) continue;
    const focused = part.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).getAttribute('href')
      : null;
    part.replaceWith(fresh);
    if (focused !== null) fresh.querySelector<HTMLElement>(`[href="${CSS.escape(focused)}"]`)?.focus();
    if (isForm && news !== null) news.textContent = 'This gate was closed while you looked at it.';
  }
  document.title = next.title;
  document.body.dataset.version = next.body.dataset.version ?? '';
  count();
}

function listen(): void {
  const source = new EventSource(`/events?topic=${encodeURIComponent(topic ?? 'none')}`);
  source.onmessage = ({ data }) => hear(String(data));
  source.onerror = () => {
    // It tries again by itself while it is refused; an answer that is no stream ends it.
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(listen, AGAIN_MS);
    }
  };
}

/** The same words as pages/layout.ts. */
function left(seconds: number): string {
  if (seconds <= 0) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function count(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-left]')) {
    const text = left((Date.parse(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(() => {
  count();
  if (Date.now() - heardAt > SILENT_MS && document.body.dataset.stale === undefined)
    setStale(new Date(heardAt).toISOString());
}, 1_000);
listen();
