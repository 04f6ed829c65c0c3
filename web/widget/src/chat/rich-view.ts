import { html, nothing, type TemplateResult } from 'lit';
import type { Action, Button, Card, Element, Table } from '@baton/client/rich';
import { safeHref } from '@baton/client/text';
import type { MessageItem } from '@baton/client/thread';
import { markdownView, plainView } from '@baton/ui/text';
import type { Words } from '../words.js';
import { labelOf } from './form.js';
import { mediaView } from './media-view.js';

export interface ChoiceDetail {
  action: Exclude<Action, { type: 'link' }>;
  title: string;
}

/** Draws what a bot says; what is pressed goes up as `baton-choice`. */
export function richView(item: MessageItem, words: Words): TemplateResult {
  const draw = new Drawing(item, words);
  return html`${item.content.map((element) => draw.element(element))}`;
}

class Drawing {
  constructor(
    private readonly item: MessageItem,
    private readonly words: Words,
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
          aria-label=${this.words.cards(element.cards.length)}
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
          ${mediaView(element, this.words)}
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

  /** Suggestions are gone once the visitor has spoken, or when newer ones are there. */
  private chips(buttons: Button[]): TemplateResult | typeof nothing {
    if (this.item.answered || this.item.outdone) return nothing;
    return html`<div class="chips">
      ${buttons.map((button) => this.press(button.action, button.title, 'chip'))}
    </div>`;
  }

  private card(card: Card): TemplateResult {
    const { title, subtitle, body, media, action, buttons = [] } = card;
    const words = title || subtitle || body || '';
    const bare = action !== undefined && words === '';
    const said = action ? words : undefined;
    return html`<article class="card">
      ${media ? mediaView(media, this.words) : nothing}
      ${
        words
          ? html`<div class="card-words">
              ${
                action
                  ? html`<p class="card-title">${this.press(action, words, 'card-press')}</p>`
                  : title
                    ? html`<p class="card-title text">${title}</p>`
                    : nothing
              }
              ${
                subtitle && subtitle !== said
                  ? html`<p class="card-soft text">${subtitle}</p>`
                  : nothing
              }
              ${body && body !== said ? plainView(body) : nothing}
            </div>`
          : nothing
      }
      ${
        buttons.length > 0 || bare
          ? html`<div class="card-buttons">
              ${bare ? this.press(action, this.words.open, 'card-button') : nothing}
              ${buttons.map((button) => this.press(button.action, button.title, 'card-button'))}
            </div>`
          : nothing
      }
    </article>`;
  }

  private listed(card: Card): TemplateResult {
    const title = card.title || card.subtitle || card.body || '';
    const soft = [card.subtitle, card.body].filter((line) => line && line !== title);
    const words = html`${card.media ? mediaView(card.media, this.words, true) : nothing}
      <span class="item-words">
        <span class="item-title" dir="auto">${title}</span>
        ${soft.map((line) => html`<span class="card-soft" dir="auto">${line}</span>`)}
      </span>`;
    if (!card.action) return html`<div class="item">${words}</div>`;
    return this.press(card.action, title, 'item', words);
  }

  private table(table: Table): TemplateResult {
    const align = (at: number) => table.columns[at]?.align ?? 'start';
    const named = table.columns.some((column) => column.title !== '');
    return html`<div class="table">
      ${table.media ? mediaView(table.media, this.words) : nothing}
      ${this.head(table.title, table.subtitle)}
      <div class="sheet" role="group" tabindex="0" aria-label=${table.title || this.words.table}>
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
              ${table.buttons?.map((one) => this.press(one.action, one.title, 'card-button'))}
            </div>`
          : nothing
      }
    </div>`;
  }

  /** A wall stands over the conversation; here is only the way back to it. */
  private form(form: Element & { type: 'form' }): TemplateResult {
    const { answered, answer } = this.item;
    const sent = answered && answer === labelOf(form, this.words);
    if (form.style === 'message') {
      return html`<baton-form .form=${form} .words=${this.words} .sent=${sent}></baton-form>`;
    }
    const again = () => new CustomEvent('baton-wall', { detail: this.item.key, ...up });
    return html`<article class="card">
      <div class="card-words">${this.head(form.title || this.words.form, form.subtitle)}</div>
      ${
        answered
          ? nothing
          : html`<div class="card-buttons">
              <button
                type="button"
                class="card-button"
                @click=${(event: Event) => event.target?.dispatchEvent(again())}
              >
                ${this.words.fillIn}
              </button>
            </div>`
      }
    </article>`;
  }

  private head(title = '', soft = ''): TemplateResult {
    return html`${title ? html`<p class="card-title text">${title}</p>` : nothing}
    ${soft ? html`<p class="card-soft text">${soft}</p>` : nothing}`;
  }

  private press(
    action: Action,
    title: string,
    kind: string,
    shown: unknown = html`<span dir="auto">${title}</span>`,
  ): TemplateResult {
    if (action.type === 'link') return linkView(action, kind, shown);
    const { answered, answer } = this.item;
    const said = action.type === 'message' ? action.text : title;
    const chosen = answered && (answer === said.trim() || answer === title);
    const press = (event: Event) => {
      if (answered) return;
      const detail: ChoiceDetail = { action, title };
      event.target?.dispatchEvent(new CustomEvent('baton-choice', { detail, ...up }));
    };
    return html`<button
      type="button"
      class=${chosen ? `${kind} chosen` : kind}
      aria-disabled=${answered ? 'true' : 'false'}
      @click=${press}
    >
      ${shown}${chosen ? html`<span class="off-screen">(${this.words.chosen})</span>` : nothing}
    </button>`;
  }
}

const up = { bubbles: true, composed: true };

function bubble(text: string): TemplateResult {
  return html`<div class="bubble" dir="auto">${markdownView(text)}</div>`;
}

/** An address that cannot be followed leaves its words. */
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
