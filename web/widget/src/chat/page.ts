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

export interface PageWatcher {
  wake(): void;
  look(): void;
  offline(): void;
}

export function watchPage(tell: PageWatcher): () => void {
  const seen = () => {
    tell.look();
    if (document.visibilityState === 'visible') tell.wake();
  };
  const wake = () => tell.wake();
  document.addEventListener('visibilitychange', seen);
  window.addEventListener('focus', wake);
  window.addEventListener('online', wake);
  window.addEventListener('offline', tell.offline);
  window.addEventListener('storage', tell.look);
  return () => {
    document.removeEventListener('visibilitychange', seen);
    window.removeEventListener('focus', wake);
    window.removeEventListener('online', wake);
    window.removeEventListener('offline', tell.offline);
    window.removeEventListener('storage', tell.look);
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
