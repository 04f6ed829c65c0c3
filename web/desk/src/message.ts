import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '@baton/ui/icons';
import { textView } from '@baton/ui/text';
import { timeOf } from '@baton/ui/times';
import type { DeliveryState, Message, Row } from './thread.js';

const GROUP_MS = 5 * 60_000;
const SAYS = { bot: 'Bot', agent: 'Agent' } as const;

/** The transcript before the handover, less prominent than the chat itself. */
export function beforeView(before: readonly Message[], visitor: string): TemplateResult {
  return html`<section class="before" aria-label="Before the handover">
    <h3>Before the handover</h3>
    <dl>
      ${before.map(
        (line) =>
          html`<div class=${line.from}>
            <dt dir="auto">${line.from === 'visitor' ? visitor : SAYS[line.from]}</dt>
            <dd dir="auto">${textView(line.text, line.format)}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

export function rowView(
  row: Row,
  before: Row | undefined,
  after: Row | undefined,
  visitor: string,
): TemplateResult {
  if (row.kind === 'status') {
    return html`<li class="status">
      <span dir="auto">${row.text}</span> · <time>${timeOf(row.at)}</time>
    </li>`;
  }
  const first = !together(before, row);
  const last = !together(row, after);
  const broken = row.delivery === 'failed' || row.delivery === 'refused';
  const who = row.from === 'visitor' ? visitor : (row.profile?.name ?? SAYS[row.from]);
  return html`<li
    class="message ${row.from}${first ? ' first' : ''}${last ? ' last' : ''}${
      broken ? ' broken' : ''
    }"
  >
    <span class="off-screen">${who}: </span>
    <div class="bubble" dir="auto">${textView(row.text, row.format)}</div>
    ${broken ? brokenView(row) : last ? metaView(row) : nothing}
  </li>`;
}

const STATES: Record<DeliveryState, { icon: TemplateResult; word: string }> = {
  sending: { icon: icons.clock, word: 'Sending' },
  sent: { icon: icons.check, word: 'Sent' },
  delivered: { icon: icons.checks, word: 'Delivered' },
  failed: { icon: icons.alert, word: 'Not sent' },
  refused: { icon: icons.alert, word: 'Not delivered' },
};

function metaView(row: Message): TemplateResult {
  const state = row.delivery === null ? null : STATES[row.delivery];
  return html`<p class="meta" data-delivery=${row.delivery ?? nothing}>
    <time>${timeOf(row.at)}</time>${
      state ? html`<span class="delivery">${state.icon}<span>${state.word}</span></span>` : nothing
    }
  </p>`;
}

function brokenView(row: Message): TemplateResult {
  const word = STATES[row.delivery ?? 'failed'].word;
  return html`<p class="meta bad" role="alert" data-delivery=${row.delivery ?? nothing}>
    ${icons.alert}<span>${row.detail ? `${word}: ${row.detail}` : `${word}.`}</span>
    ${
      row.clientId
        ? html`<button type="button" data-retry=${row.clientId}>Try again</button>
            <button type="button" data-discard=${row.clientId}>Discard</button>`
        : nothing
    }
  </p>`;
}

function together(a: Row | undefined, b: Row | undefined): boolean {
  if (a?.kind !== 'message' || b?.kind !== 'message' || a.from !== b.from) return false;
  return a.profile?.name === b.profile?.name && Math.abs(b.at - a.at) < GROUP_MS;
}
