import { LitElement, html, type PropertyValues } from 'lit';
import { roomOf } from '@baton/client/length';
import { icons } from '@baton/ui/icons';
import type { Desk } from './desk.js';
import { replyStyles } from './reply-styles.js';

const keys = html`<kbd>Enter</kbd> to send, <kbd>Shift</kbd> <kbd>Enter</kbd> for a new line`;

function roomText(room: number): string {
  if (room >= 0) return `${room} characters left`;
  return `Too long by ${-room} characters. Shorten the reply to send it.`;
}

/** The reply box. The draft of each chat is kept through reloads and changes of the chat. */
export class DeskReply extends LitElement {
  static override styles = replyStyles;
  static override properties = {
    desk: { attribute: false },
    chat: { type: String },
    to: { type: String },
    text: { state: true },
  };
  declare desk: Desk;
  /** Id of the chat this box writes to. */
  declare chat: string;
  /** Name of the visitor, shown so that no reply goes to the wrong one. */
  declare to: string;
  declare text: string;

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('chat')) this.text = this.desk.chatStore(this.chat).draft;
  }

  override render() {
    const room = roomOf(this.text);
    const tooLong = room !== null && room < 0;
    const unsendable = tooLong || this.text.trim() === '';
    return html`<form @submit=${this.submit}>
      <textarea
        rows="1"
        dir="auto"
        aria-invalid=${tooLong ? 'true' : 'false'}
        aria-describedby="hint"
        aria-label=${`Reply to ${this.to}`}
        placeholder=${`Reply to ${this.to}…`}
        autocomplete="off"
        .value=${this.text}
        @input=${this.typed}
        @keydown=${this.keyed}
      ></textarea>
      <div class="bar">
        <p id="hint" class="hint ${tooLong ? 'over' : ''}">
          ${room === null ? keys : roomText(room)}
        </p>
        <span class="off-screen" role="alert">${tooLong ? 'The reply is too long.' : ''}</span>
        <button class="primary" aria-disabled=${unsendable ? 'true' : 'false'}>
          Send ${icons.send}
        </button>
      </div>
    </form>`;
  }

  override updated(changed: PropertyValues): void {
    const area = this.area;
    if (!changed.has('text') || !area || CSS.supports('field-sizing', 'content')) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }

  override focus(): void {
    this.area?.focus();
  }

  private get area(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector('textarea');
  }

  private typed(event: Event): void {
    this.text = (event.target as HTMLTextAreaElement).value;
    const store = this.desk.chatStore(this.chat);
    store.draft = this.text;
    if (this.text.trim() !== '') store.tellTyping();
  }

  private keyed(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.submit(event);
    } else if (event.key === 'Escape') this.area?.blur();
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (this.text.trim() === '' || (roomOf(this.text) ?? 0) < 0) return;
    const store = this.desk.chatStore(this.chat);
    store.say(this.text);
    store.draft = '';
    this.text = '';
    this.dispatchEvent(new Event('desk-sent'));
    this.area?.focus();
  }
}
