import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { roomOf } from '@baton/client/length';
import { icons } from '@baton/ui/icons';
import type { Strings } from '../strings.js';
import { composerStyles } from './composer-styles.js';
import { roomView } from './room-view.js';

/** The input box. Enter sends; Shift+Enter starts a new line. */
export class BatonComposer extends LitElement {
  static override styles = composerStyles;
  static override properties = { strings: { attribute: false }, text: { state: true } };
  declare strings: Strings;
  declare text: string;

  constructor() {
    super();
    this.text = '';
  }

  override render() {
    const room = roomOf(this.text);
    const tooLong = room !== null && room < 0;
    return html`<form class="box" @submit=${this.submit}>
        <textarea
          rows="1"
          dir="auto"
          aria-invalid=${tooLong ? 'true' : 'false'}
          aria-describedby=${room === null ? nothing : 'room'}
          enterkeyhint="send"
          autocomplete="off"
          aria-label=${this.strings.write}
          placeholder=${this.strings.placeholder}
          .value=${this.text}
          @input=${this.typed}
          @keydown=${this.keyed}
        ></textarea>
        <button
          class="send"
          aria-label=${this.strings.send}
          aria-disabled=${this.text.trim() === '' || tooLong ? 'true' : 'false'}
        >
          ${icons.send}
        </button>
      </form>
      ${roomView(room, this.strings)}`;
  }

  override updated(changed: PropertyValues): void {
    if (changed.has('text')) this.grow();
  }

  override focus(): void {
    this.area?.focus();
  }

  private get area(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector('textarea');
  }

  private typed(event: Event): void {
    this.text = (event.target as HTMLTextAreaElement).value;
    if (this.text.trim() !== '') this.dispatchEvent(new CustomEvent('baton-typing'));
  }

  private keyed(event: KeyboardEvent): void {
    // While an input method is composing, Enter only confirms its text.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.submit(event);
    } else if (this.text === '' && event.key === 'ArrowUp') {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('baton-walk'));
    } else if (this.text === '' && (event.key === 'PageUp' || event.key === 'PageDown')) {
      event.preventDefault();
      const detail = event.key === 'PageUp' ? -1 : 1;
      this.dispatchEvent(new CustomEvent('baton-page', { detail }));
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const detail = this.text.trim();
    if ((roomOf(detail) ?? 0) < 0) return;
    if (detail !== '') this.dispatchEvent(new CustomEvent('baton-send', { detail }));
    this.text = '';
    this.area?.focus();
  }

  /** Sets the height for browsers without `field-sizing`. */
  private grow(): void {
    const area = this.area;
    if (!area || CSS.supports('field-sizing', 'content')) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }
}
