import { html, nothing, type LitElement, type ReactiveController, type TemplateResult } from 'lit';
import type { Form } from '@baton/client/rich';
import type { Item } from '@baton/client/thread';
import type { Strings } from '../strings.js';

export interface WallForm {
  key: string;
  form: Form;
}

/**
 * The newest form of style `wall` that is neither answered nor dismissed, or null. A message of a
 * human agent ends the search, so a form never covers it.
 */
export function wallOf(items: readonly Item[], dismissed: ReadonlySet<string>): WallForm | null {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.kind !== 'message') continue;
    if (item.from !== 'bot') return null;
    for (const element of item.content) {
      if (element.type === 'form' && element.style === 'wall' && !dismissed.has(item.key)) {
        return { key: item.key, form: element };
      }
    }
  }
  return null;
}

/** Shows a form over the conversation, remembers dismissed ones, and moves the focus to it. */
export class Wall implements ReactiveController {
  private readonly dismissed = new Set<string>();
  private shown: WallForm | null = null;
  private focused = '';

  constructor(
    private readonly host: LitElement,
    private readonly strings: Strings,
    private readonly left: () => void,
  ) {
    host.addController(this);
  }

  readonly reopen = (event: CustomEvent<string>): void => {
    this.dismissed.delete(event.detail);
    this.host.requestUpdate();
  };

  /** While this is not empty, the conversation is hidden. */
  view(items: readonly Item[]): TemplateResult | typeof nothing {
    this.shown = wallOf(items, this.dismissed);
    if (!this.shown) return nothing;
    const { form } = this.shown;
    return html`<div
      class="wall"
      role="dialog"
      aria-modal="true"
      aria-label=${form.title || this.strings.form}
      @baton-form-cancel=${this.cancel}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Escape' || form.force) return;
        event.stopPropagation();
        this.cancel();
      }}
    >
      <baton-form .form=${form} .strings=${this.strings}></baton-form>
    </div>`;
  }

  hostUpdated(): void {
    const key = this.shown?.key ?? '';
    if (key !== '' && key !== this.focused && this.host.matches(':focus-within')) {
      this.host.renderRoot.querySelector<HTMLElement>('.wall baton-form')?.focus();
    }
    this.focused = key;
  }

  private readonly cancel = (): void => {
    if (this.shown) this.dismissed.add(this.shown.key);
    this.host.requestUpdate();
    this.left();
  };
}
