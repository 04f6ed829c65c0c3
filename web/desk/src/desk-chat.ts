import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { icons } from '@baton/ui/icons';
import type { Chat } from './api.js';
import { chatStyles } from './chat-styles.js';
import type { DeskLog } from './desk-log.js';
import type { Desk } from './desk.js';
import { endingOf } from './ending.js';
import type { DeskReply } from './desk-reply.js';
import { visitorName, waitingOf } from './queue.js';
import { visitorFace, waitingView } from './row.js';

/** The middle pane: the selected chat, and what this agent may do with it. */
export class DeskChat extends LitElement {
  static override styles = chatStyles;
  static override properties = { desk: { attribute: false }, tick: { attribute: false } };
  declare desk: Desk;
  declare tick: number;

  override render() {
    const { chats, selected, listed } = this.desk.state.value;
    const chat = chats.find((one) => one.id === selected);
    if (!chat) return this.noChatView(selected !== null && listed);
    return html`${this.head(chat)}
      <desk-log .desk=${this.desk} .tick=${this.tick}></desk-log>
      ${this.foot(chat)}`;
  }

  focusReply(): void {
    void this.updateComplete.then(() => {
      const target = this.renderRoot.querySelector<DeskReply | HTMLElement>('desk-reply, .claim');
      target?.focus();
    });
  }

  private head(chat: Chat): TemplateResult {
    const name = visitorName(chat);
    const waiting = waitingOf(chat, this.desk, Date.now());
    return html`<header>
      <a class="tool back" href="#" aria-label="Back to the list">${icons.back}</a>
      ${visitorFace(name)}
      <div class="who">
        <h2 dir="auto">${name}</h2>
        <p>${statusOf(chat, this.desk)}</p>
      </div>
      ${waiting ? waitingView(waiting) : nothing}
      ${
        this.mine(chat)
          ? html`<button
              type="button"
              class="hand-back"
              @click=${() => void this.desk.close(chat.id)}
            >
              ${icons.baton}<span>Hand back to bot</span>
            </button>`
          : nothing
      }
      <button
        type="button"
        class="tool"
        title="Details"
        aria-label="Details"
        @click=${() => this.dispatchEvent(new Event('desk-details'))}
      >
        ${icons.info}
      </button>
    </header>`;
  }

  private foot(chat: Chat): TemplateResult {
    if (this.mine(chat)) {
      return html`<desk-reply
        .desk=${this.desk}
        .chat=${chat.id}
        .to=${visitorName(chat)}
        @desk-sent=${() => this.renderRoot.querySelector<DeskLog>('desk-log')?.toEnd()}
      ></desk-reply>`;
    }
    if (chat.status === 'queued') {
      return html`<div class="foot">
        <p>This visitor is waiting.</p>
        <button type="button" class="primary claim" @click=${() => void this.claim(chat.id)}>
          Take chat <kbd>C</kbd>
        </button>
      </div>`;
    }
    const why =
      chat.status === 'closed'
        ? 'This chat is closed. The visitor is back with the bot.'
        : `${chat.agent?.name ?? 'A colleague'} is chatting with this visitor.`;
    return html`<div class="foot quiet"><p dir="auto">${why}</p></div>`;
  }

  async claim(id: string): Promise<void> {
    if (await this.desk.claim(id)) this.focusReply();
  }

  private mine(chat: Chat): boolean {
    return chat.status === 'live' && chat.agent?.email === this.desk.state.value.agent?.email;
  }

  private noChatView(gone: boolean): TemplateResult {
    return html`<div class="no-chat">
      <span class="sign">${icons.inbox}</span>
      <h2>${gone ? 'This chat is no longer available' : 'No chat selected'}</h2>
      <p>Select a chat in the list, or press <kbd>J</kbd> for the first one.</p>
    </div>`;
  }
}

function statusOf(chat: Chat, desk: Desk): string {
  if (chat.status === 'queued') return 'Waiting for an agent';
  if (chat.status === 'closed') return endingOf(chat.closeReason, chat.agent?.name).label;
  const mine = chat.agent?.email === desk.state.value.agent?.email;
  return mine ? 'With you' : `With ${chat.agent?.name ?? 'a colleague'}`;
}
