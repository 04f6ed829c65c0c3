import { html, nothing, type TemplateResult } from 'lit';
import { avatar } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import { drawn, markdownView, plainView } from '@baton/ui/text';
import { dayOf, sameDay, timeOf } from '@baton/ui/times';
import type { Item, MessageItem } from '@baton/client/thread';
import type { Face } from '@baton/client/types';
import type { Config } from '../config.js';
import type { Words } from '../words.js';
import { richView } from './rich-view.js';

export interface Around {
  before: Item | undefined;
  after: Item | undefined;
  config: Config;
  words: Words;
  now: number;
}

const GROUP_MS = 5 * 60_000;

/** One line of the conversation, with a day above it where a day begins. */
export function itemView(item: Item, around: Around): TemplateResult {
  return drawn(
    () => dressedView(item, around),
    () => bareView(item),
  );
}

function bareView(item: Item): TemplateResult {
  const from = item.kind === 'message' ? item.from : 'bot';
  return html`<li class="message ${from} first last" data-walk tabindex="-1">
    ${from === 'visitor' ? nothing : html`<span class="side"></span>`}
    <div class="words">
      <div class="bubble" dir="auto"><p class="text">${item.text}</p></div>
    </div>
  </li>`;
}

function dressedView(item: Item, around: Around): TemplateResult {
  const { before, now } = around;
  const newDay = item.at > 0 && (!before || !sameDay(before.at, item.at));
  return html`${
    newDay ? html`<li class="day"><span>${dayOf(item.at, now)}</span></li>` : nothing
  }${item.kind === 'notice' ? noticeView(item.text) : messageView(item, around)}`;
}

function noticeView(text: string): TemplateResult {
  return html`<li class="notice" data-walk tabindex="-1"><span dir="auto">${text}</span></li>`;
}

function messageView(item: MessageItem, around: Around): TemplateResult {
  const first = !together(around.before, item);
  const last = !together(item, around.after);
  const place = `${first ? ' first' : ''}${last ? ' last' : ''}`;
  const name = nameOf(item, around);
  return html`<li
    class="message ${item.from}${place}${item.state === 'failed' ? ' failed' : ''}"
    data-walk
    tabindex="-1"
  >
    ${item.from === 'visitor' ? nothing : sideView(item, around, last)}
    <div class="words">
      ${
        first && item.from === 'agent'
          ? html`<p class="name" dir="auto">${name}</p>`
          : html`<p class="off-screen">${name}:</p>`
      }
      ${contentView(item, around.words)}
      ${item.state === 'failed' || pauseAfter(item, around) ? metaView(item, around) : nothing}
    </div>
  </li>`;
}

function sideView(item: MessageItem, { config }: Around, last: boolean): TemplateResult {
  if (!last) return html`<span class="side"></span>`;
  if (item.from === 'agent') {
    return html`<span class="side">${avatar(item.face ?? { name: '?', avatarUrl: null })}</span>`;
  }
  return html`<span class="side">${botFace(config)}</span>`;
}

export function typingView(agent: Face | null, config: Config, words: Words): TemplateResult {
  return html`<li class="message agent typing first last">
    <span class="side">${agent ? avatar(agent) : botFace(config)}</span>
    <div class="bubble dots"><i></i><i></i><i></i></div>
    <span class="off-screen">${words.typing(agent?.name ?? words.someone)}</span>
  </li>`;
}

export function botFace(config: Config): TemplateResult {
  if (config.botAvatar) return avatar({ name: config.botName, avatarUrl: config.botAvatar });
  return html`<span class="avatar bot-face" aria-hidden="true">${icons.baton}</span>`;
}

function contentView(item: MessageItem, words: Words): TemplateResult {
  if (item.from === 'bot') return richView(item, words);
  // What a tool's agent wrote in the tool's own markup comes as Markdown (contract, 13.27).
  const said = item.from === 'agent' ? markdownView(item.text) : plainView(item.text);
  return html`<div class="bubble" dir="auto">${said}</div>`;
}

function metaView(item: MessageItem, { words, after }: Around): TemplateResult {
  if (item.state === 'failed') {
    return html`<p class="meta bad" role="alert">
      ${icons.alert}<span>${item.refusal ? words.refused : words.failed}</span>
      <button type="button" class="retry" data-retry=${item.clientId ?? ''}>${words.retry}</button>
    </p>`;
  }
  const mine = item.from === 'visitor' && !after;
  const state = item.state === 'sending' ? words.sending : mine ? words.sent : '';
  return html`<p class="meta">
    <time dir="auto">${timeOf(item.at)}</time>
    ${state ? html`<span dir="auto">${state}</span>` : nothing}
  </p>`;
}

export function nameOf(item: MessageItem, { config, words }: Around): string {
  if (item.from === 'visitor') return words.you;
  return item.from === 'agent' ? (item.face?.name ?? words.someone) : config.botName;
}

/** A time is worth its line where the talk pauses, and at the end. */
function pauseAfter(item: MessageItem, { after }: Around): boolean {
  return after === undefined || after.kind === 'notice' || after.at - item.at >= GROUP_MS;
}

/** Whether two neighbours read as one: same speaker, within minutes. */
function together(a: Item | undefined, b: Item | undefined): boolean {
  if (a?.kind !== 'message' || b?.kind !== 'message' || a.from !== b.from) return false;
  if (a.face?.name !== b.face?.name) return false;
  return Math.abs(b.at - a.at) < GROUP_MS;
}
