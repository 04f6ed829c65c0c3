import { LitElement, html, type PropertyValues } from 'lit';
import { icons } from '@baton/ui/icons';
import type { Words } from '../words.js';
import { composerStyles } from './composer-styles.js';

export const TEXT_MAX = 4_000;

/** Where the visitor writes. Enter sends, Shift with Enter begins a new line. */
export class BatonComposer extends LitElement {
  static override styles = composerStyles;
  static override properties = { words: { attribute: false }, text: { state: true } };
  declare words: Words;
  declare text: string;

  constructor() {
    super();
    this.text = '';
  }

  override render() {
    return html`<form class="box" @submit=${this.submit}>
      <textarea
        rows="1"
        dir="auto"
        maxlength=${TEXT_MAX}
        enterkeyhint="send"
        autocomplete="off"
        aria-label=${this.words.write}
        placeholder=${this.words.placeholder}
        .value=${this.text}
        @input=${this.typed}
        @keydown=${this.keyed}
      ></textarea>
      <button
        class="send"
        aria-label=${this.words.send}
        aria-disabled=${this.text.trim() === '' ? 'true' : 'false'}
      >
        ${icons.send}
      </button>
    </form>`;
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
    // While an input method composes, Enter belongs to it.
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
    if (detail !== '') this.dispatchEvent(new CustomEvent('baton-send', { detail }));
    this.text = '';
    this.area?.focus();
  }

  /** Browsers without `field-sizing` get their height counted. */
  private grow(): void {
    const area = this.area;
    if (!area || CSS.supports('field-sizing', 'content')) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }
}
