export interface PageListener {
  second(): void;
  /** The page is visible, focused or online again. */
  wake(): void;
  offline(): void;
  /** The page may be kept in the browser's cache of pages. */
  hidden(): void;
  /** The id of the chat in the address, or null. */
  address(id: string | null): void;
  key(event: KeyboardEvent): void;
  /** Whether the window is wide enough for three panes. */
  wide(all: boolean): void;
}

/** The id of the chat in the fragment of an address. A broken escape is taken as it is. */
export function chatIn(hash: string): string | null {
  const name = hash.replace(/^#/, '');
  try {
    return decodeURIComponent(name) || null;
  } catch {
    return name;
  }
}

/** Listens to all events of the page that the desk needs. Returns a function that stops it. */
export function listenToPage(to: PageListener): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const wake = () => {
    if (document.visibilityState !== 'visible') return;
    to.wake();
    to.second();
  };
  const address = () => to.address(chatIn(location.hash));
  document.addEventListener('visibilitychange', wake, { signal });
  document.addEventListener('resume', wake, { signal });
  window.addEventListener('pagehide', () => to.hidden(), { signal });
  window.addEventListener('pageshow', (event) => event.persisted && to.wake(), { signal });
  window.addEventListener('focus', wake, { signal });
  window.addEventListener('online', wake, { signal });
  window.addEventListener('offline', () => to.offline(), { signal });
  window.addEventListener('hashchange', address, { signal });
  window.addEventListener('keydown', (event) => to.key(event), { signal });
  const timer = setInterval(() => to.second(), 1_000);
  const three = matchMedia('(min-width: 1100px)');
  three.addEventListener('change', () => to.wide(three.matches), { signal });
  to.wide(three.matches);
  address();
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}
