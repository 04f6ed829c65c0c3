/** What the launcher must know of the page around it. */
import type { Config } from './config.js';

/** The writing direction of the widget: its own setting, else the page's. */
export function directionOf(config: Config): string {
  if (config.direction) return config.direction;
  return document.body?.dir || getComputedStyle(document.documentElement).direction;
}

/**
 * Whether an element left the page because the page's content was replaced. Otherwise the page
 * removed just this element, and it must stay away. `beside` was an element next to it.
 */
export function wasSwapped(element: Element, beside: Element | null): boolean {
  return !element.isConnected && (element.parentNode !== null || !beside?.isConnected);
}
