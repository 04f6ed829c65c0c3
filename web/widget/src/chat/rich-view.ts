import { html, nothing, type TemplateResult } from 'lit';
import type { Action, Button, Card, Element, Table } from '@baton/client/rich';
import { safeHref } from '@baton/client/text';
import type { MessageItem } from '@baton/client/thread';
import { textView } from '@baton/ui/text';
import type { Strings } from '../strings.js';
import { labelOf } from './form.js';
import { mediaView } from './media-view.js';

export interface ChoiceDetail {
  action: Exclude<Action, { type: 'link' }>;
  title: string;
}

/** Draws a bot's message. A pressed button fires `baton-choice`; links open by themselves. */
export function richView(item: MessageItem, strings: Strings): TemplateResult {
  const draw = new RichRenderer(item, strings);
  return html`${item.content.map((element) => draw.element(element))}`;
}

class RichRenderer {
  constructor(
    private readonly item: MessageItem,
    private readonly strings: Strings,
  ) {}

  element(element: Element): TemplateResult | typeof nothing {
    switch (element.type) {
      case 'suggestions':
        return this.chips(element.buttons);
      case 'card':
        return this.card(element);
      case 'carousel':
        return html`<div
          class="carousel"
          role="group"
          tabindex="0"
          aria-label=${this.strings.cards(element.cards.length)}
        >
          ${element.cards.map((card) => this.card(card))}
        </div>`;
      case 'list':
        return html`<div class="items">
          ${this.head(element.title, element.subtitle)}
          <ul>
            ${element.items.map((one) => html`<li>${this.listed(one)}</li>`)}
          </ul>
        </div>`;
      case 'media':
        return html`<div class="media">
          ${mediaView(element, this.strings)}
          ${this.head(element.kind === 'image' ? element.title : '', element.body)}
        </div>`;
      case 'table':
        return this.table(element);
      case 'form':
        return this.form(element);
      case 'bot_card':
        return element.action
          ? this.card({ buttons: [{ title: element.title, action: element.action }] })
          : bubble(element.title);
      case 'bot_list':
        return element.title ? bubble(element.title) : nothing;
      default:
        return bubble(element.text);
    }
  }

  /** Suggestions are hidden once the visitor has written, or when newer ones arrived. */
  private chips(buttons: Button[]): TemplateResult | typeof nothing {
    if (this.item.answered || this.item.superseded) return nothing;
    return html`<div class="chips">
      ${buttons.map((button) => this.actionView(button.action, button.title, 'chip'))}
    </div>`;
  }

  private card(card: Card): TemplateResult {
    const { title, subtitle, body, media, action, buttons = [] } = card;
    const heading = title || subtitle || body || '';
    const bare = action !== undefined && heading === '';
    const said = action ? heading : undefined;
    return html`<article class="card">
      ${media ? mediaView(media, this.strings) : nothing}
      ${
        heading
          ? html`<div class="card-words">
              ${
                action
                  ? html`<p class="card-title">
                      ${this.actionView(action, heading, 'card-press')}
                    </p>`
                  : title
                    ? html`<p class="card-title text">${title}</p>`
                    : nothing
              }
              ${
                subtitle && subtitle !== said
                  ? html`<p class="card-soft text">${subtitle}</p>`
                  : nothing
              }
              ${body && body !== said ? textView(body, 'plain') : nothing}
            </div>`
          : nothing
      }
      ${
        buttons.length > 0 || bare
          ? html`<div class="card-buttons">
              ${bare ? this.actionView(action, this.strings.open, 'card-button') : nothing}
              ${buttons.map((one) => this.actionView(one.action, one.title, 'card-button'))}
            </div>`
          : nothing
      }
    </article>`;
  }

  private listed(card: Card): TemplateResult {
    const title = card.title || card.subtitle || card.body || '';
    const soft = [card.subtitle, card.body].filter((line) => line && line !== title);
    const inner = html`${card.media ? mediaView(card.media, this.strings, true) : nothing}
      <span class="item-words">
        <span class="item-title" dir="auto">${title}</span>
        ${soft.map((line) => html`<span class="card-soft" dir="auto">${line}</span>`)}
      </span>`;
    if (!card.action) return html`<div class="item">${inner}</div>`;
    return this.actionView(card.action, title, 'item', inner);
  }

  private table(table: Table): TemplateResult {
    const align = (at: number) => table.columns[at]?.align ?? 'start';
    const named = table.columns.some((column) => column.title !== '');
    return html`<div class="table">
      ${table.media ? mediaView(table.media, this.strings) : nothing}
      ${this.head(table.title, table.subtitle)}
      <div class="sheet" role="group" tabindex="0" aria-label=${table.title || this.strings.table}>
        <table>
          ${
            named
              ? html`<thead>
                  <tr>
                    ${table.columns.map(
                      (column, at) =>
                        html`<th scope="col" class=${align(at)} dir="auto">${column.title}</th>`,
                    )}
                  </tr>
                </thead>`
              : nothing
          }
          <tbody>
            ${table.rows.map(
              (row) =>
                html`<tr class=${row.divider ? 'divided' : ''}>
                  ${row.cells.map(
                    (cell, at) => html`<td class=${align(at)} dir="auto">${cell}</td>`,
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${
        (table.buttons ?? []).length > 0
          ? html`<div class="card-buttons">
              ${table.buttons?.map((one) => this.actionView(one.action, one.title, 'card-button'))}
            </div>`
          : nothing
      }
    </div>`;
  }

  /** A wall form covers the conversation (`wall.ts`); the message only has a button to open it. */
  private form(form: Element & { type: 'form' }): TemplateResult {
    const { answered, answer } = this.item;
    const sent = answered && answer === labelOf(form, this.strings);
    if (form.style === 'message') {
      return html`<baton-form .form=${form} .strings=${this.strings} .sent=${sent}></baton-form>`;
    }
    const again = () => new CustomEvent('baton-wall', { detail: this.item.key, ...up });
    return html`<article class="card">
      <div class="card-words">${this.head(form.title || this.strings.form, form.subtitle)}</div>
      ${
        answered
          ? nothing
          : html`<div class="card-buttons">
              <button
                type="button"
                class="card-button"
                @click=${(event: Event) => event.target?.dispatchEvent(again())}
              >
                ${this.strings.fillIn}
              </button>
            </div>`
      }
    </article>`;
  }

  private head(title = '', soft = ''): TemplateResult {
    return html`${title ? html`<p class="card-title text">${title}</p>` : nothing}
    ${soft ? html`<p class="card-soft text">${soft}</p>` : nothing}`;
  }

  private actionView(
    action: Action,
    title: string,
    kind: string,
    shown: unknown = html`<span dir="auto">${title}</span>`,
  ): TemplateResult {
    if (action.type === 'link') return linkView(action, kind, shown);
    const { answered, answer } = this.item;
    const said = action.type === 'message' ? action.text : title;
    const chosen = answered && (answer === said.trim() || answer === title);
    const choose = (event: Event) => {
      if (answered) return;
      const detail: ChoiceDetail = { action, title };
      event.target?.dispatchEvent(new CustomEvent('baton-choice', { detail, ...up }));
    };
    return html`<button
      type="button"
      class=${chosen ? `${kind} chosen` : kind}
      aria-disabled=${answered ? 'true' : 'false'}
      @click=${choose}
    >
      ${shown}${chosen ? html`<span class="off-screen">(${this.strings.chosen})</span>` : nothing}
    </button>`;
  }
}

const up = { bubbles: true, composed: true };

function bubble(text: string): TemplateResult {
  return html`<div class="bubble" dir="auto">${textView(text, 'markdown')}</div>`;
}

/** If the address is not safe to open, only its text is shown. */
function linkView(action: Action & { type: 'link' }, kind: string, shown: unknown): TemplateResult {
  const href = safeHref(action.url);
  if (href === null) return html`<span class=${kind}>${shown}</span>`;
  const page = action.target === 'page';
  return html`<a
    class=${kind}
    href=${href}
    target=${page ? '_self' : '_blank'}
    rel="noopener noreferrer"
    >${shown}${page ? nothing : html`<span class="out" aria-hidden="true">↗</span>`}</a
  >`;
}
