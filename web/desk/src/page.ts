export interface PageListener {
  second(): void;
  /** The page came back: into view, into focus, online. */
  wake(): void;
  offline(): void;
  /** The chat in the address, or none. */
  address(id: string | null): void;
  key(event: KeyboardEvent): void;
  /** Whether there is room for all three panes. */
  roomy(all: boolean): void;
}

/** Everything the desk hears from the page around it. Returns how to stop listening. */
export function listenToPage(to: PageListener): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const wake = () => {
    if (document.visibilityState !== 'visible') return;
    to.wake();
    to.second();
  };
  const address = () => to.address(decodeURIComponent(location.hash.slice(1)) || null);
  document.addEventListener('visibilitychange', wake, { signal });
  window.addEventListener('focus', wake, { signal });
  window.addEventListener('online', wake, { signal });
  window.addEventListener('offline', () => to.offline(), { signal });
  window.addEventListener('hashchange', address, { signal });
  window.addEventListener('keydown', (event) => to.key(event), { signal });
  const timer = setInterval(() => to.second(), 1_000);
  const three = matchMedia('(min-width: 1100px)');
  three.addEventListener('change', () => to.roomy(three.matches), { signal });
  to.roomy(three.matches);
  address();
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}
