import type { Item } from '@baton/client/thread';
import type { Config } from '../config.js';
import type { Words } from '../words.js';
import { nameOf } from './message.js';

const STAYS_MS = 1_200;

/**
 * Tells a screen reader each new message once. The visible list is not live: readers would repeat
 * it on every change of a state below a bubble.
 */
export class Announcer {
  private heard = Infinity;

  constructor(
    private readonly region: () => HTMLElement | null,
    private readonly config: () => Config,
    private readonly words: () => Words,
  ) {}

  /** History is not news: what is there when the conversation is loaded is not read out. */
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
    const around = {
      before: undefined,
      after: undefined,
      config: this.config(),
      words: this.words(),
      now: 0,
    };
    return this.words().said(nameOf(item, around), item.text);
  }
}

function own(item: Item): boolean {
  return item.kind === 'message' && item.from === 'visitor';
}
