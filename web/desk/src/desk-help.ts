import { LitElement, html } from 'lit';
import { icons } from '@baton/ui/icons';
import { helpStyles } from './help-styles.js';
import { SHORTCUTS } from './keys.js';
import { settings } from './settings.js';

/** The list of keyboard shortcuts, and the switch for single-key shortcuts. */
export class DeskHelp extends LitElement {
  static override styles = helpStyles;

  override render() {
    const always = [
      { key: 'Enter', does: 'Send the reply' },
      { key: 'Shift Enter', does: 'Start a new line' },
      { key: 'Esc', does: 'Leave the reply box' },
    ];
    const line = ({ key, does }: { key: string; does: string }) =>
      html`<div>
        <dt>${does}</dt>
        <dd>${key.split(' ').map((part) => html`<kbd>${part}</kbd>`)}</dd>
      </div>`;
    return html`<dialog aria-labelledby="title" @click=${this.outside}>
      <div class="sheet">
        <header>
          <h2 id="title">Keyboard shortcuts</h2>
          <button type="button" class="tool" aria-label="Close" @click=${() => this.close()}>
            ${icons.close}
          </button>
        </header>
        <dl>${SHORTCUTS.map(line)} ${always.map(line)}</dl>
        <label>
          <input
            type="checkbox"
            .checked=${settings.value.keys}
            @change=${(event: Event) =>
              settings.patch({ keys: (event.target as HTMLInputElement).checked })}
          />
          Use single-key shortcuts. They are off while you type.
        </label>
      </div>
    </dialog>`;
  }

  show(): void {
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  close(): void {
    this.dialog?.close();
  }

  private get dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  private outside(event: Event): void {
    if (event.target === this.dialog) this.close();
  }
}
