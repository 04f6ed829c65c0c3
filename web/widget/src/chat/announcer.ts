import { wordsOf } from '@baton/client/text';
import type { Item } from '@baton/client/thread';
import type { Config } from '../config.js';
import type { Strings } from '../strings.js';
import { nameOf } from './message.js';

const STAYS_MS = 1_200;

/**
 * Announces each new message to screen readers once, in a live region of its own. The visible list
 * is not live: it would be read again whenever the state below a message changes.
 */
export class Announcer {
  private heard = Infinity;

  constructor(
    private readonly region: () => HTMLElement | null,
    private readonly config: () => Config,
    private readonly strings: () => Strings,
  ) {}

  /** Marks messages as known, so that loaded history is not announced. */
  settle(items: readonly Item[]): void {
    this.heard = Math.max(0, ...items.map((item) => item.seq));
  }

  tell(items: readonly Item[]): void {
    const news = items.filter((item) => item.seq > this.heard && !own(item));
    for (const item of news) this.say(this.sentence(item));
    if (news.length > 0) this.heard = Math.max(...news.map((item) => item.seq));
  }

  say(sentence: string): void {
    const region = this.region();
    if (!region) return;
    const line = document.createElement('p');
    line.textContent = sentence;
    region.append(line);
    setTimeout(() => line.remove(), STAYS_MS);
  }

  private sentence(item: Item): string {
    if (item.kind === 'notice') return item.text;
    const context = {
      before: undefined,
      after: undefined,
      config: this.config(),
      strings: this.strings(),
      now: 0,
    };
    return this.strings().said(nameOf(item, context), wordsOf(item.text, item.format));
  }
}

function own(item: Item): boolean {
  return item.kind === 'message' && item.from === 'visitor';
}
