import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Desk } from './desk.js';
import { logStyles } from './log-styles.js';
import { beforeView, rowView } from './message.js';
import { visitorName } from './queue.js';

const NEAR_END_PX = 80;

/** The messages before the handover, then those of the chat. Stays scrolled to its end. */
export class DeskLog extends LitElement {
  static override styles = logStyles;
  static override properties = { desk: { attribute: false }, tick: { attribute: false } };
  declare desk: Desk;
  declare tick: number;
  private atEnd = true;
  private shownFor: string | null = null;

  override render() {
    const { chats, selected } = this.desk.state.value;
    const chat = chats.find((one) => one.id === selected);
    if (!chat) return nothing;
    const store = this.desk.chatStore(chat.id);
    const thread = store.thread(chat);
    const name = visitorName(chat);
    return html`<div
      class="scroller"
      role="region"
      aria-label="Conversation"
      tabindex="0"
      @scroll=${this.scrolled}
      @click=${this.clicked}
    >
      <div class="column">
        ${thread.before.length > 0 ? beforeView(thread.before, name) : nothing}
        <p class="handover"><span>Handed over to an agent</span></p>
        <ol>
          ${repeat(
            thread.rows,
            (row) => row.key,
            (row, at) => rowView(row, thread.rows[at - 1], thread.rows[at + 1], name),
          )}
        </ol>
        ${
          store.visitorIsTyping
            ? html`<p class="typing">
                <i></i><i></i><i></i><span dir="auto">${name} is typing</span>
              </p>`
            : nothing
        }
      </div>
    </div>`;
  }

  override updated(_changed: PropertyValues): void {
    const { selected } = this.desk.state.value;
    if (selected !== this.shownFor) this.atEnd = true;
    this.shownFor = selected;
    const box = this.renderRoot.querySelector('.scroller');
    if (this.atEnd && box) requestAnimationFrame(() => box.scrollTo({ top: box.scrollHeight }));
  }

  toEnd(): void {
    this.atEnd = true;
    this.requestUpdate();
  }

  private scrolled(event: Event): void {
    const { scrollHeight, scrollTop, clientHeight } = event.target as HTMLElement;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  private clicked(event: Event): void {
    const { selected } = this.desk.state.value;
    const button = (event.target as Element).closest<HTMLElement>('[data-retry], [data-discard]');
    if (!button || !selected) return;
    const { outbox } = this.desk.chatStore(selected);
    if (button.dataset.retry) outbox.retry(button.dataset.retry);
    if (button.dataset.discard) outbox.discard(button.dataset.discard);
  }
}
