import { html, nothing, type TemplateResult } from 'lit';
import { initialsOf } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import type { Chat } from './api.js';
import type { Desk } from './desk.js';
import { endingOf } from './ending.js';
import { isNameless, visitorName, waitingOf, type Urgency, type Waiting } from './queue.js';

const URGENCY_ICON: Record<Urgency, TemplateResult> = {
  calm: icons.clock,
  warning: icons.alert,
  critical: icons.flame,
};

/** One chat in the list. It is a link, so that history and keyboard navigation work. */
export function chatRow(chat: Chat, desk: Desk, now: number): TemplateResult {
  const { selected } = desk.state.value;
  const store = desk.chatStores.get(chat.id);
  const unread = chat.status === 'live' && chat.id !== selected ? (store?.unread ?? 0) : 0;
  const name = visitorName(chat);
  return html`<a
    class="row"
    href=${`#${chat.id}`}
    data-chat=${chat.id}
    aria-current=${chat.id === selected ? 'true' : nothing}
  >
    ${visitorFace(name)}
    <span class="who"
      ><span class="name" dir="auto">${name}</span>
      ${chat.status === 'live' && store?.draft ? html`<span class="draft">Draft</span>` : nothing}
    </span>
    ${sideOf(chat, waitingOf(chat, desk, now), unread)}
    <span class="preview" dir="auto"
      >${store?.visitorIsTyping ? html`<em>is typing…</em>` : previewOf(chat, desk)}</span
    >
  </a>`;
}

function previewOf(chat: Chat, desk: Desk): string {
  if (chat.status !== 'live') return chat.preview;
  if (chat.agent?.email !== desk.state.value.agent?.email) {
    return `${chat.agent?.name ?? 'A colleague'}: ${chat.preview}`;
  }
  const last = desk.chatStores.get(chat.id)?.thread(chat).rows.at(-1);
  const mine = last?.kind === 'message' && last.from === 'agent';
  return mine ? `You: ${last.text}` : chat.preview;
}

function sideOf(chat: Chat, waiting: Waiting | null, unread: number): TemplateResult {
  return html`<span class="side">
    ${
      unread > 0
        ? html`<span class="unread">${unread}<span class="off-screen"> unread</span></span>`
        : nothing
    }
    ${waiting ? waitingView(waiting) : nothing}
    ${chat.status === 'closed' ? endedView(chat) : nothing}
  </span>`;
}

function endedView(chat: Chat): TemplateResult {
  const { label, text, missed } = endingOf(chat.closeReason, chat.agent?.name);
  return missed ? missedView() : html`<span class="ended" title=${text}>${label}</span>`;
}

export function missedView(): TemplateResult {
  return html`<span class="wait warning missed">${icons.alert}<span>Missed</span></span>`;
}

export function waitingView({ urgency, span }: Waiting): TemplateResult {
  return html`<span class="wait ${urgency}"
    >${URGENCY_ICON[urgency]}<span class="off-screen"
      >Waiting${urgency === 'calm' ? '' : `, ${urgency}`}: </span
    ><span class="span">${span}</span></span
  >`;
}

/** The visitor's avatar. A name has the same colour in every pane. */
export function visitorFace(name: string): TemplateResult {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return html`<span class="avatar square hue-${sum % 6}" aria-hidden="true"
    >${isNameless(name) ? icons.user : initialsOf(name)}</span
  >`;
}
