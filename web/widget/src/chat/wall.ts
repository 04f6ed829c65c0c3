import { html, nothing, type LitElement, type ReactiveController, type TemplateResult } from 'lit';
import type { Form } from '@baton/client/rich';
import type { Item } from '@baton/client/thread';
import type { Words } from '../words.js';

export interface WallForm {
  key: string;
  form: Form;
}

/**
 * The form that stands over the conversation: the newest one still open and not put away. What a
 * human says is never behind it.
 */
export function wallOf(items: readonly Item[], away: ReadonlySet<string>): WallForm | null {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.kind !== 'message') continue;
    if (item.from !== 'bot') return null;
    for (const element of item.content) {
      if (element.type === 'form' && element.style === 'wall' && !away.has(item.key)) {
        return { key: item.key, form: element };
      }
    }
  }
  return null;
}

/** Keeps which forms were put away, and brings the focus to one that comes up. */
export class Wall implements ReactiveController {
  private readonly away = new Set<string>();
  private shown: WallForm | null = null;
  private focused = '';

  constructor(
    private readonly host: LitElement,
    private readonly words: Words,
    private readonly left: () => void,
  ) {
    host.addController(this);
  }

  readonly reopen = (event: CustomEvent<string>): void => {
    this.away.delete(event.detail);
    this.host.requestUpdate();
  };

  /** While it is shown, the conversation is not. */
  view(items: readonly Item[]): TemplateResult | typeof nothing {
    this.shown = wallOf(items, this.away);
    if (!this.shown) return nothing;
    const { form } = this.shown;
    return html`<div
      class="wall"
      role="dialog"
      aria-modal="true"
      aria-label=${form.title || this.words.form}
      @baton-form-cancel=${this.cancel}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Escape' || form.force) return;
        event.stopPropagation();
        this.cancel();
      }}
    >
      <baton-form .form=${form} .words=${this.words}></baton-form>
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
    if (this.shown) this.away.add(this.shown.key);
    this.host.requestUpdate();
    this.left();
  };
}
