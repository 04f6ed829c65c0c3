import type { TextFormat } from './types.js';

/**
 * Parses text into a tree of plain values. Nothing here creates HTML: the elements draw the tree,
 * so markup from a bot, a human agent or a visitor stays text.
 */
export type Inline =
  | { t: 'text'; v: string }
  | { t: 'code'; v: string }
  | { t: 'strong' | 'em'; c: Inline[] }
  | { t: 'link'; href: string; c: Inline[] };

export type Block =
  | { t: 'p'; c: Inline[] }
  | { t: 'pre'; v: string }
  | { t: 'ul' | 'ol'; start: number; items: Inline[][] };

const SAFE = new Set(['http:', 'https:', 'mailto:', 'tel:']);

/** The address if it is absolute and its scheme is http, https, mailto or tel; else null. */
export function safeHref(address: unknown): string | null {
  if (typeof address !== 'string') return null;
  try {
    const url = new URL(address.trim());
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The address if it is http or https, else null. */
export function safeImage(address: unknown): string | null {
  const href = safeHref(address);
  return href !== null && /^https?:/.test(href) ? href : null;
}

/** The lengths in an e-mail address are limited, so that matching takes linear time. */
const ADDRESS =
  /\b(?:https?:\/\/|mailto:|tel:)[^\s<>"'`]+|\b\w[\w.+-]{0,63}@[\w-]{1,63}(?:\.[\w-]+)+/gi;
const TRAILING = new Set('.,;:!?)]}\'"*_');

/** The text as typed, with web and e-mail addresses as links. */
export function plain(text: string): Inline[] {
  const out: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const raw = trimmed(match[0]);
    const href = safeHref(/^[a-z]+:/i.test(raw) ? raw : `mailto:${raw}`);
    if (href === null) continue;
    if (match.index > at) out.push({ t: 'text', v: text.slice(at, match.index) });
    out.push({ t: 'link', href, c: [{ t: 'text', v: raw }] });
    at = match.index + raw.length;
  }
  if (at < text.length) out.push({ t: 'text', v: text.slice(at) });
  return out;
}

/** Removes punctuation at the end, but keeps a bracket that was opened inside the address. */
function trimmed(raw: string): string {
  let length = raw.length;
  while (TRAILING.has(raw.charAt(length - 1))) length -= 1;
  const end = raw.slice(0, length);
  return raw[length] === ')' && end.includes('(') && !end.includes(')') ? `${end})` : end;
}

/** The blocks of a text: as typed, or the part of Markdown that bots use. */
export function blocksOf(text: string, format: TextFormat): Block[] {
  return format === 'plain' ? [{ t: 'p', c: plain(text) }] : markdown(text);
}

/** Reads a format from untrusted data. Everything but `plain` is Markdown. */
export function formatOf(value: unknown): TextFormat {
  return value === 'plain' ? 'plain' : 'markdown';
}

/** The words of a text without the signs of its markup, in one line. */
export function wordsOf(text: string, format: TextFormat): string {
  const words = (nodes: readonly Inline[]): string =>
    nodes.map((node) => ('c' in node ? words(node.c) : node.v)).join('');
  const lines = blocksOf(text, format).flatMap((block) => {
    if ('items' in block) return block.items.map(words);
    return block.t === 'pre' ? [block.v] : [words(block.c)];
  });
  return lines.join('\n').replace(/\s+/g, ' ').trim();
}

const FENCE = /^```/;
const BULLET = /^\s{0,3}[-*•]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,9})[.)]\s+(.*)$/;

/** In characters. Longer texts are shown as typed, to limit the cost of parsing. */
export const MARKED_MAX = 8_000;

/** The part of Markdown that bots use: paragraphs, lists, code, emphasis, links. */
export function markdown(text: string): Block[] {
  if (text.length > MARKED_MAX) return [{ t: 'p', c: plain(text) }];
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    const joined = paragraph.join('\n').trim();
    if (joined !== '') blocks.push({ t: 'p', c: inline(joined) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (FENCE.test(line)) {
      const end = fenceAfter(lines, i);
      if (end !== null) {
        flush();
        blocks.push({ t: 'pre', v: lines.slice(i + 1, end).join('\n') });
        i = end;
        continue;
      }
    }
    const item = listItem(line);
    if (item) {
      flush();
      addItem(blocks, item, i > 0 && listItem(lines[i - 1] ?? '') !== null);
    } else if (line.trim() === '') {
      flush();
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return blocks;
}

function fenceAfter(lines: readonly string[], at: number): number | null {
  for (let i = at + 1; i < lines.length; i += 1) {
    if (FENCE.test(lines[i] ?? '')) return i;
  }
  return null;
}

interface ListItem {
  t: 'ul' | 'ol';
  start: number;
  text: string;
}

function listItem(line: string): ListItem | null {
  const bullet = BULLET.exec(line);
  if (bullet) return { t: 'ul', start: 1, text: bullet[1] ?? '' };
  const number = NUMBER.exec(line);
  if (number) return { t: 'ol', start: Number(number[1]), text: number[2] ?? '' };
  return null;
}

function addItem(blocks: Block[], item: ListItem, goesOn: boolean): void {
  const last = blocks[blocks.length - 1];
  if (goesOn && last && last.t === item.t && 'items' in last) last.items.push(inline(item.text));
  else blocks.push({ t: item.t, start: item.start, items: [inline(item.text)] });
}

const DEPTH_MAX = 6;

/** Parses emphasis, code, links and escaped signs. Incomplete marks stay as typed. */
export function inline(text: string, depth = 0): Inline[] {
  if (depth >= DEPTH_MAX) return plain(text);
  const out: Inline[] = [];
  const add = (nodes: Inline[]) => {
    for (const node of nodes) out.push(node);
  };
  const marks = new Marks(text, depth);
  let from = 0;
  for (let at = 0; at < text.length;) {
    const mark = marks.at(at);
    if (!mark) {
      at += 1;
      continue;
    }
    add(plain(text.slice(from, at)));
    out.push(mark.node);
    at = mark.end;
    from = at;
  }
  add(plain(text.slice(from)));
  return out;
}

interface Mark {
  node: Inline;
  end: number;
}

const SIGN = /[!-/:-@[-`{-~]/;
const TARGET = /\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)/y;

/** Finds the mark that starts at a position. Positions must be asked in ascending order. */
class Marks {
  private readonly line: (from: number) => number;
  private readonly tick: (from: number) => number;
  private readonly star: (from: number) => number;
  private readonly stars: (from: number) => number;
  private readonly under: (from: number) => number;
  private readonly bracket: (from: number) => number;
  /** The last `](target)` that was read: several labels may share one closing bracket. */
  private read: { close: number; target: string | undefined } = { close: -1, target: undefined };

  constructor(
    private readonly text: string,
    private readonly depth: number,
  ) {
    this.line = finder(text, '\n');
    this.tick = finder(text, '`');
    this.star = finder(text, '*', isEscaped);
    this.stars = finder(text, '**', isEscaped);
    this.under = finder(text, '_', isEscaped);
    this.bracket = finder(text, ']', isEscaped);
  }

  at(at: number): Mark | null {
    switch (this.text[at]) {
      case '\\':
        return this.escaped(at);
      case '`':
        return this.code(at);
      case '[':
        return this.link(at);
      case '*':
        return this.strong(at) ?? this.em(at, this.star(at + 1));
      case '_':
        return this.inWord(at - 1) ? null : this.slanted(at);
      default:
        return null;
    }
  }

  /** A sign after a backslash is only a sign. */
  private escaped(at: number): Mark | null {
    const sign = this.text.charAt(at + 1);
    return SIGN.test(sign) ? { node: { t: 'text', v: sign }, end: at + 2 } : null;
  }

  private code(at: number): Mark | null {
    const close = this.tick(at + 1);
    if (!this.encloses(at + 1, close)) return null;
    return { node: { t: 'code', v: this.text.slice(at + 1, close) }, end: close + 1 };
  }

  private link(at: number): Mark | null {
    const close = this.bracket(at + 1);
    if (!this.encloses(at + 1, close)) return null;
    const target = this.target(close);
    if (target === undefined) return null;
    const end = close + target.length + 3;
    const href = safeHref(target);
    if (href === null) return { node: { t: 'text', v: this.text.slice(at, end) }, end };
    return { node: { t: 'link', href, c: unlinked(this.inner(at + 1, close)) }, end };
  }

  private target(close: number): string | undefined {
    if (this.read.close !== close) {
      TARGET.lastIndex = close + 1;
      this.read = { close, target: TARGET.exec(this.text)?.[1] };
    }
    return this.read.target;
  }

  private strong(at: number): Mark | null {
    if (this.text[at + 1] !== '*') return null;
    let close = this.stars(at + 3);
    while (close < Infinity && this.isSpace(close - 1)) close = this.stars(close + 1);
    if (!this.encloses(at + 2, close) || this.isSpace(at + 2)) return null;
    return { node: { t: 'strong', c: this.inner(at + 2, close) }, end: close + 2 };
  }

  private slanted(at: number): Mark | null {
    const close = this.under(at + 1);
    return this.inWord(close + 1) ? null : this.em(at, close);
  }

  private em(at: number, close: number): Mark | null {
    if (!this.encloses(at + 1, close)) return null;
    if (this.isSpace(at + 1) || this.isSpace(close - 1)) return null;
    return { node: { t: 'em', c: this.inner(at + 1, close) }, end: close + 1 };
  }

  /** Whether the marks enclose at least one character, all in one line. */
  private encloses(from: number, close: number): boolean {
    return close < Infinity && close > from && this.line(from) > close;
  }

  private inner(from: number, to: number): Inline[] {
    return inline(this.text.slice(from, to), this.depth + 1);
  }

  private isSpace(at: number): boolean {
    return /\s/.test(this.text.charAt(at));
  }

  private inWord(at: number): boolean {
    return /\w/.test(this.text.charAt(at));
  }
}

/**
 * Returns where `needle` comes next, or Infinity. Positions must be asked in ascending order: then
 * all answers together read the text once.
 */
function finder(
  text: string,
  needle: string,
  isSkipped: (text: string, at: number) => boolean = () => false,
): (from: number) => number {
  let found = -1;
  return (from) => {
    if (found < from) {
      let at = text.indexOf(needle, from);
      while (at >= 0 && isSkipped(text, at)) at = text.indexOf(needle, at + 1);
      found = at < 0 ? Infinity : at;
    }
    return found;
  };
}

/** Whether an odd number of backslashes stands before a sign. */
function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text[from - 1] === '\\') from -= 1;
  return (at - from) % 2 === 1;
}

/** Replaces links by their content, because a link cannot contain a link. */
function unlinked(nodes: Inline[]): Inline[] {
  return nodes.flatMap((node) => (node.t === 'link' ? node.c : [node]));
}
