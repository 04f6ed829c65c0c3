import { html, nothing, type TemplateResult } from 'lit';
import { plainView } from '@baton/ui/text';
import { markdownView } from '@baton/ui/text';
import type { MessageItem } from '@baton/client/thread';
import type { Words } from '../words.js';
import type { Choice, Picture, Rich } from './rich.js';

export interface ChoiceDetail {
  choice: Choice;
}

/** Draws the parts of a rich message; a pressed button goes up as `baton-choice`. */
export function richView(parts: Rich[], item: MessageItem, words: Words): TemplateResult[] {
  return parts.map((part) => partView(part, item, words));
}

function partView(part: Rich, item: MessageItem, words: Words): TemplateResult {
  switch (part.kind) {
    case 'text':
      return html`<div class="bubble">${markdownView(part.text)}</div>`;
    case 'image':
      return html`<div class="picture">${pictureView(part.image)}</div>`;
    case 'card':
      return html`<article class="card">
        ${part.image ? pictureView(part.image) : nothing}
        <div class="card-words">
          ${part.title ? html`<p class="card-title text">${titleView(part)}</p>` : nothing}
          ${part.subtitle ? html`<p class="card-soft text">${part.subtitle}</p>` : nothing}
          ${part.body ? plainView(part.body) : nothing}
        </div>
        ${
          part.choices.length > 0
            ? html`<div class="card-buttons">
                ${part.choices.map((choice) => choiceView(choice, item, words, 'card-button'))}
              </div>`
            : nothing
        }
      </article>`;
    default:
      return html`${
          part.title ? html`<div class="bubble">${markdownView(part.title)}</div>` : nothing
        }
        <div class="chips">
          ${part.choices.map((choice) => choiceView(choice, item, words, 'chip'))}
        </div>`;
  }
}

function titleView(part: { title: string; href: string | null }): TemplateResult {
  if (!part.href) return html`${part.title}`;
  return html`<a href=${part.href} target="_blank" rel="noopener noreferrer">${part.title}</a>`;
}

function pictureView(image: Picture): TemplateResult {
  return html`<img
    src=${image.src}
    alt=${image.alt}
    loading="lazy"
    referrerpolicy="no-referrer"
    @error=${(event: Event) => (event.target as HTMLElement).classList.add('broken')}
  />`;
}

function choiceView(choice: Choice, item: MessageItem, words: Words, kind: string): TemplateResult {
  if (choice.href) {
    return html`<a class=${kind} href=${choice.href} target="_blank" rel="noopener noreferrer"
      ><span dir="auto">${choice.label}</span><span class="out" aria-hidden="true">↗</span></a
    >`;
  }
  const chosen = item.answered && (item.answer === choice.say || item.answer === choice.label);
  const press = (event: Event) => {
    if (item.answered) return;
    const detail: ChoiceDetail = { choice };
    const up = new CustomEvent('baton-choice', { detail, bubbles: true, composed: true });
    event.target?.dispatchEvent(up);
  };
  return html`<button
    type="button"
    class=${chosen ? `${kind} chosen` : kind}
    aria-disabled=${item.answered ? 'true' : 'false'}
    @click=${press}
  >
    <span dir="auto">${choice.label}</span>${
      chosen ? html`<span class="off-screen">(${words.chosen})</span>` : nothing
    }
  </button>`;
}
