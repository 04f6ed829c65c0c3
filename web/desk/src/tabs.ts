import type { KeyValue } from '@baton/client/env';
import type { Exclusive } from '@baton/client/exclusive';

/** What the tabs of one agent's desk know of each other. */

const FOCUS = 'baton.desk.focus';
const TOLD = 'baton.desk.told';
/** How many alerts are remembered. */
const TOLD_MAX = 50;

/** Holds a lock while this tab has the focus. Returns a function that stops it. */
export function shareFocus(): () => void {
  const { locks } = navigator as Partial<Navigator>;
  if (!locks) return () => undefined;
  const stop = new AbortController();
  let leave = new AbortController();
  const enter = () => {
    leave.abort();
    leave = new AbortController();
    const { signal } = leave;
    const left = new Promise<void>((done) => signal.addEventListener('abort', () => done()));
    locks.request(FOCUS, { mode: 'shared', signal }, () => left).catch(() => undefined);
  };
  window.addEventListener('focus', enter, { signal: stop.signal });
  window.addEventListener('blur', () => leave.abort(), { signal: stop.signal });
  stop.signal.addEventListener('abort', () => leave.abort());
  if (document.hasFocus()) enter();
  return () => stop.abort();
}

/** Whether this tab or another one of the desk has the focus. */
export async function deskHasFocus(): Promise<boolean> {
  if (document.hasFocus()) return true;
  const { locks } = navigator as Partial<Navigator>;
  const state = await locks?.query();
  return state?.held?.some((lock) => lock.name === FOCUS) ?? false;
}

/** Whether no tab has told of this yet. The first tab that asks is to tell. */
export function isFirstToTell(what: string, local: KeyValue, exclusive: Exclusive) {
  return exclusive(TOLD, () => {
    const told = (local.get(TOLD) ?? '').split('\n');
    const first = !told.includes(what);
    if (first) local.set(TOLD, [...told.slice(1 - TOLD_MAX), what].join('\n'));
    return Promise.resolve(first);
  });
}
