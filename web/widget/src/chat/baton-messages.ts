import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icons } from '@baton/ui/icons';
import type { VisitorState } from '@baton/client/visitor';
import type { Config } from '../config.js';
import type { Strings } from '../strings.js';
import { itemView, typingView } from './message.js';
import { listStyles } from './list-styles.js';

const NEAR_END_PX = 80;
/** Enter on a message moves the focus to the first of these. */
const PRESSED = 'button:not([aria-disabled=true]), a, baton-form';
/** These handle all keys themselves while they have the focus. */
const WRITTEN_IN = 'input, select, textarea';

/** The list of messages. It stays scrolled to its end; arrow keys move between messages. */
export class BatonMessages extends LitElement {
  static override styles = listStyles;
  static override properties = {
    state: { attribute: false },
    config: { attribute: false },
    strings: { attribute: false },
    away: { state: true },
  };
  declare state: VisitorState;
  declare config: Config;
  declare strings: Strings;
  /** Scrolled up, away from the newest message. */
  declare away: boolean;
  private scroller: HTMLElement | null = null;
  private lastKey = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.away = false;
  }

  override render() {
    const { thread, typing, phase } = this.state;
    const { items } = thread;
    const now = Date.now();
    return html`<div
        class="scroller"
        role="region"
        tabindex="0"
        aria-label=${this.strings.conversation}
        @scroll=${this.scrolled}
        @keydown=${this.walk}
        @click=${this.clicked}
      >
        <ol class="list">
          ${repeat(
            items,
            (item) => item.key,
            (item, at) =>
              itemView(item, {
                before: items[at - 1],
                after: items[at + 1],
                config: this.config,
                strings: this.strings,
                now,
              }),
          )}
          ${
            thread.control === 'requested' || (thread.control === 'human' && !thread.agent)
              ? html`<li class="waiting">
                  <span class="pulse" aria-hidden="true"></span>
                  <span dir="auto">${this.strings.connectingLine}</span>
                </li>`
              : nothing
          }
          ${typing ? typingView(typing.agent ?? thread.agent, this.config, this.strings) : nothing}
        </ol>
        ${
          phase === 'starting' || (phase === 'loading' && items.length === 0)
            ? html`<div class="loading" aria-hidden="true"><i></i><i></i><i></i></div>`
            : nothing
        }
      </div>
      ${
        this.away && items.length > 0
          ? html`<button type="button" class="newer" @click=${() => this.toEnd()}>
              ${icons.down}<span>${this.strings.newer}</span>
            </button>`
          : nothing
      }`;
  }

  override updated(changed: PropertyValues): void {
    this.scroller ??= this.renderRoot.querySelector('.scroller');
    if (!changed.has('state')) return;
    const last = this.state.thread.items.at(-1);
    const mine = last?.kind === 'message' && last.from === 'visitor' && last.key !== this.lastKey;
    this.lastKey = last?.key ?? '';
    if (!this.away || mine) this.toEnd();
  }

  toEnd(): void {
    this.away = false;
    requestAnimationFrame(() => this.scroller?.scrollTo({ top: this.scroller.scrollHeight }));
  }

  /** Moves the focus from the input to the newest message. */
  focusLast(): void {
    this.lines().at(-1)?.focus();
  }

  /** Scrolls by one page: the page keys in the empty input do this. */
  page(direction: 1 | -1): void {
    this.scroller?.scrollBy({ top: direction * (this.scroller.clientHeight - 60) });
  }

  private scrolled(event: Event): void {
    const { scrollHeight, scrollTop, clientHeight } = event.target as HTMLElement;
    this.away = scrollHeight - scrollTop - clientHeight > NEAR_END_PX;
  }

  private lines(): HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[data-walk]')];
  }

  private walk(event: KeyboardEvent): void {
    const from = event.composedPath()[0];
    if (event.key !== 'Escape' && from instanceof Element && from.matches(WRITTEN_IN)) return;
    const lines = this.lines();
    const focused = (this.renderRoot as ShadowRoot).activeElement;
    const inside = focused?.closest<HTMLElement>('[data-walk]') ?? null;
    const at = inside ? lines.indexOf(inside) : lines.length;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: lines.length - 1 }[event.key];
    if (to !== undefined) {
      lines[Math.min(Math.max(to, 0), lines.length - 1)]?.focus();
      event.preventDefault();
    } else if (event.key === 'Enter' && focused === inside) {
      inside?.querySelector<HTMLElement>(PRESSED)?.focus();
      event.preventDefault();
    } else if (event.key === 'Escape' && inside) {
      event.stopPropagation();
      this.dispatchEvent(new CustomEvent('baton-to-input'));
    }
  }

  private clicked(event: Event): void {
    const retry = (event.target as Element).closest<HTMLElement>('[data-retry]');
    const detail = retry?.dataset.retry;
    if (detail) this.dispatchEvent(new CustomEvent('baton-retry', { detail }));
  }
}
