import { html, nothing, type TemplateResult } from 'lit';
import { avatar } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import { renderOr, textView } from '@baton/ui/text';
import { dayOf, sameDay, timeOf } from '@baton/ui/times';
import type { Item, MessageItem } from '@baton/client/thread';
import type { Profile } from '@baton/client/types';
import type { Config } from '../config.js';
import type { Strings } from '../strings.js';
import { richView } from './rich-view.js';

export interface MessageContext {
  before: Item | undefined;
  after: Item | undefined;
  config: Config;
  strings: Strings;
  now: number;
}

const GROUP_MS = 5 * 60_000;

/** One message or notice, with the date above the first one of a day. */
export function itemView(item: Item, context: MessageContext): TemplateResult {
  return renderOr(
    () => fullView(item, context),
    () => fallbackView(item),
  );
}

function fallbackView(item: Item): TemplateResult {
  const from = item.kind === 'message' ? item.from : 'bot';
  return html`<li class="message ${from} first last" data-walk tabindex="-1">
    ${from === 'visitor' ? nothing : html`<span class="side"></span>`}
    <div class="words">
      <div class="bubble" dir="auto"><p class="text">${item.text}</p></div>
    </div>
  </li>`;
}

function fullView(item: Item, context: MessageContext): TemplateResult {
  const { before, now } = context;
  const newDay = item.at > 0 && (!before || !sameDay(before.at, item.at));
  return html`${
    newDay ? html`<li class="day"><span>${dayOf(item.at, now)}</span></li>` : nothing
  }${item.kind === 'notice' ? noticeView(item.text) : messageView(item, context)}`;
}

function noticeView(text: string): TemplateResult {
  return html`<li class="notice" data-walk tabindex="-1"><span dir="auto">${text}</span></li>`;
}

function messageView(item: MessageItem, context: MessageContext): TemplateResult {
  const first = !together(context.before, item);
  const last = !together(item, context.after);
  const place = `${first ? ' first' : ''}${last ? ' last' : ''}`;
  const name = nameOf(item, context);
  return html`<li
    class="message ${item.from}${place}${item.state === 'failed' ? ' failed' : ''}"
    data-walk
    tabindex="-1"
  >
    ${item.from === 'visitor' ? nothing : sideView(item, context, last)}
    <div class="words">
      ${
        first && item.from === 'agent'
          ? html`<p class="name" dir="auto">${name}</p>`
          : html`<p class="off-screen">${name}:</p>`
      }
      ${contentView(item, context.strings)}
      ${item.state === 'failed' || pauseAfter(item, context) ? metaView(item, context) : nothing}
    </div>
  </li>`;
}

function sideView(item: MessageItem, { config }: MessageContext, last: boolean): TemplateResult {
  if (!last) return html`<span class="side"></span>`;
  if (item.from === 'agent') {
    return html`<span class="side"
      >${avatar(item.profile ?? { name: '?', avatarUrl: null })}</span
    >`;
  }
  return html`<span class="side">${botFace(config)}</span>`;
}

export function typingView(
  agent: Profile | null,
  config: Config,
  strings: Strings,
): TemplateResult {
  return html`<li class="message agent typing first last">
    <span class="side">${agent ? avatar(agent) : botFace(config)}</span>
    <div class="bubble dots"><i></i><i></i><i></i></div>
    <span class="off-screen">${strings.typing(agent?.name ?? strings.someone)}</span>
  </li>`;
}

export function botFace(config: Config): TemplateResult {
  if (config.botAvatar) return avatar({ name: config.botName, avatarUrl: config.botAvatar });
  return html`<span class="avatar bot-face" aria-hidden="true">${icons.baton}</span>`;
}

function contentView(item: MessageItem, strings: Strings): TemplateResult {
  if (item.from === 'bot') return richView(item, strings);
  return html`<div class="bubble" dir="auto">${textView(item.text, item.format)}</div>`;
}

function metaView(item: MessageItem, { strings, after }: MessageContext): TemplateResult {
  if (item.state === 'failed') {
    return html`<p class="meta bad" role="alert">
      ${icons.alert}<span>${item.refusal ? strings.refused : strings.failed}</span>
      <button type="button" class="retry" data-retry=${item.clientId ?? ''}>
        ${strings.retry}
      </button>
    </p>`;
  }
  const mine = item.from === 'visitor' && !after;
  const state = item.state === 'sending' ? strings.sending : mine ? strings.sent : '';
  return html`<p class="meta">
    <time dir="auto">${timeOf(item.at)}</time>
    ${state ? html`<span dir="auto">${state}</span>` : nothing}
  </p>`;
}

export function nameOf(item: MessageItem, { config, strings }: MessageContext): string {
  if (item.from === 'visitor') return strings.you;
  return item.from === 'agent' ? (item.profile?.name ?? strings.someone) : config.botName;
}

/** The time is shown before a gap in the conversation, and after the last message. */
function pauseAfter(item: MessageItem, { after }: MessageContext): boolean {
  return after === undefined || after.kind === 'notice' || after.at - item.at >= GROUP_MS;
}

/** Whether two messages form one group: same author, less than `GROUP_MS` apart. */
function together(a: Item | undefined, b: Item | undefined): boolean {
  if (a?.kind !== 'message' || b?.kind !== 'message' || a.from !== b.from) return false;
  if (a.profile?.name !== b.profile?.name) return false;
  return Math.abs(b.at - a.at) < GROUP_MS;
}
