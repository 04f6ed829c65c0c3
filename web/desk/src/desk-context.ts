import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { icons } from '@baton/ui/icons';
import { timeOf } from '@baton/ui/times';
import type { Chat } from './api.js';
import { contextStyles } from './context-styles.js';
import type { Desk } from './desk.js';
import { endingOf } from './ending.js';
import { visitorName } from './queue.js';
import { missedView, visitorFace } from './row.js';

/** The right pane: details of the visitor and of the chat. */
export class DeskContext extends LitElement {
  static override styles = contextStyles;
  static override properties = { desk: { attribute: false }, tick: { attribute: false } };
  declare desk: Desk;
  declare tick: number;

  override render() {
    const { chats, selected } = this.desk.state.value;
    const chat = chats.find((one) => one.id === selected);
    return html`<header>
        <h2>Details</h2>
        <button
          type="button"
          class="tool"
          aria-label="Close details"
          @click=${() => this.dispatchEvent(new Event('desk-details'))}
        >
          ${icons.close}
        </button>
      </header>
      ${chat ? this.details(chat) : nothing}`;
  }

  private details(chat: Chat): TemplateResult {
    const store = this.desk.chatStore(chat.id);
    const { rows } = store.thread(chat);
    const first = store.transcript[0]?.at ?? null;
    const asked = store.transcript.findLast((line) => line.from === 'visitor')?.text;
    const entry = (label: string, value: string | null | undefined) =>
      value
        ? html`<div>
            <dt>${label}</dt>
            <dd dir="auto">${value}</dd>
          </div>`
        : nothing;
    const name = visitorName(chat);
    const closed = chat.status === 'closed';
    const ending = closed ? endingOf(chat.closeReason, chat.agent?.name) : null;
    return html`<div class="person">
        ${visitorFace(name)}
        <p dir="auto">${name}</p>
        ${ending?.missed ? missedView() : nothing}
      </div>
      ${
        asked
          ? html`<section>
              <h3>Reason for handover</h3>
              <blockquote dir="auto">${asked}</blockquote>
            </section>`
          : nothing
      }
      <section>
        <h3>Chat</h3>
        <dl>
          ${entry('Agent', chat.agent?.name ?? (closed ? 'None' : 'Not assigned yet'))}
          ${entry('Ended', ending?.text)} ${entry('Route', chat.route)}
          ${entry('Started', first ? timeOf(Date.parse(first)) : null)}
          ${entry('Messages', String(rows.filter((row) => row.kind === 'message').length))}
        </dl>
      </section>
      <section>
        <h3>Visitor</h3>
        <dl>
          ${entry('Language', languageName(chat.language))} ${entry('Bot', chat.botId)}
          ${entry('ID', chat.visitor.userId)}
        </dl>
      </section>`;
  }
}

function languageName(code: string | null): string | null {
  if (!code) return null;
  try {
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
