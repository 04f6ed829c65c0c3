import type { PageView } from '@baton/client/thread';

/** What the chat needs from the host page: viewport, address, visibility and focus. */

const PHONE = '(max-width: 480px)';

/** Reports whether the chat covers the page, and fits its height above a phone's keyboard. */
export function followViewport(host: HTMLElement, sheet: (covers: boolean) => void): () => void {
  const phone = matchMedia(PHONE);
  const view = window.visualViewport;
  const fit = () => {
    sheet(phone.matches);
    host.style.setProperty('--view-height', `${view?.height ?? innerHeight}px`);
    host.style.setProperty('--view-top', `${view?.offsetTop ?? 0}px`);
  };
  fit();
  phone.addEventListener('change', fit);
  view?.addEventListener('resize', fit);
  view?.addEventListener('scroll', fit);
  return () => {
    phone.removeEventListener('change', fit);
    view?.removeEventListener('resize', fit);
    view?.removeEventListener('scroll', fit);
  };
}

const URL_MAX = 2_000;
const REF_MAX = 256;

/** The page the visitor is on. A too long address is sent without query and fragment. */
export function pageView(snippet: string | null): PageView {
  const { href, origin, pathname, search } = location;
  const ref = new URLSearchParams(search).get('ref');
  return {
    url: (href.length <= URL_MAX ? href : origin + pathname).slice(0, URL_MAX),
    ...(ref ? { ref: ref.slice(0, REF_MAX) } : {}),
    ...(snippet ? { snippet: snippet.slice(0, REF_MAX) } : {}),
    mobile: matchMedia('(pointer: coarse)').matches,
  };
}

export interface Stoppable {
  wake(): void;
  offline(): void;
  stop(): void;
}

/** Stops and wakes `chat` with the page and with `host`; calls `look` when more is on screen. */
export function watchPage(host: Element, chat: Stoppable, look: () => void): () => void {
  const end = new AbortController();
  const { signal } = end;
  const wake = () => chat.wake();
  const seen = () => {
    look();
    if (document.visibilityState === 'visible') wake();
  };
  document.addEventListener('visibilitychange', seen, { signal });
  // A page that the browser froze, or kept in its cache of pages, has lost its connection.
  document.addEventListener('resume', wake, { signal });
  window.addEventListener('pagehide', () => chat.stop(), { signal });
  window.addEventListener('pageshow', (event) => event.persisted && wake(), { signal });
  window.addEventListener('focus', wake, { signal });
  window.addEventListener('online', wake, { signal });
  window.addEventListener('offline', () => chat.offline(), { signal });
  window.addEventListener('storage', look, { signal });
  wake();
  return () => {
    end.abort();
    // When the page's body is replaced, the loader puts the chat back at once.
    queueMicrotask(() => host.isConnected || chat.stop());
  };
}

const FOCUSABLE = 'button, a[href], textarea, input, select, [tabindex="0"]';

/** Keeps the Tab focus inside the chat, through all nested shadow roots. */
export function keepInside(host: HTMLElement, event: KeyboardEvent): void {
  const stops = stopsIn(host.shadowRoot);
  const from = event.composedPath()[0];
  const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
  if (from !== edge) return;
  event.preventDefault();
  (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
}

function stopsIn(root: ParentNode | null): HTMLElement[] {
  if (!root) return [];
  return [...root.querySelectorAll<HTMLElement>('*')].flatMap((element) => {
    if (element.getClientRects().length === 0) return [];
    const own = element.matches(FOCUSABLE) && element.tabIndex >= 0 ? [element] : [];
    return [...own, ...stopsIn(element.shadowRoot)];
  });
}
