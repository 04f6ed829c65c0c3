/**
 * Turns text into a tree of plain values. Nothing here makes HTML: the elements draw the tree, so
 * whatever a bot, an agent or a visitor writes stays text.
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

/** The address if it may be followed, else null. Relative addresses are not followed either. */
export function safeHref(address: unknown): string | null {
  if (typeof address !== 'string') return null;
  try {
    const url = new URL(address.trim());
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The address of a picture if it may be loaded, else null. */
export function safeImage(address: unknown): string | null {
  const href = safeHref(address);
  return href !== null && /^https?:/.test(href) ? href : null;
}

const ADDRESS = /\b(?:https?:\/\/|mailto:|tel:)[^\s<>"'`]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;
const TRAILING = /[.,;:!?)\]}'"*_]+$/;

/** Text as typed, with addresses made clickable. */
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

/** Keeps a closing bracket that was opened inside the address. */
function trimmed(raw: string): string {
  let end = raw.replace(TRAILING, '');
  if (raw[end.length] === ')' && end.includes('(') && !end.includes(')')) end += ')';
  return end;
}

const FENCE = /^```/;
const BULLET = /^\s{0,3}[-*•]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,9})[.)]\s+(.*)$/;

/** The part of Markdown that bots use: paragraphs, lists, code, emphasis, links. */
export function markdown(text: string): Block[] {
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
      const end = lines.findIndex((other, at) => at > i && FENCE.test(other));
      if (end > i) {
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
const MARK = new RegExp(
  [
    '`([^`\\n]+)`',
    '\\[([^\\]\\n]+)\\]\\(([^()\\s]+(?:\\([^()\\s]*\\)[^()\\s]*)*)\\)',
    '\\*\\*(?=\\S)([^\\n]+?)(?<=\\S)\\*\\*',
    '\\*(?=\\S)([^*\\n]+?)(?<=\\S)\\*',
    '(?<![\\w_])_(?=\\S)([^_\\n]+?)(?<=\\S)_(?![\\w_])',
  ].join('|'),
);

/** Emphasis, code and links in one line; what is not well formed stays as typed. */
export function inline(text: string, depth = 0): Inline[] {
  const match = depth < DEPTH_MAX ? MARK.exec(text) : null;
  if (!match) return plain(text);
  const [whole, code, label, target, strong, star, under] = match;
  const inner = nodeOf({ whole, code, label, target, em: star ?? under, strong }, depth);
  const rest = text.slice(match.index + whole.length);
  return [...plain(text.slice(0, match.index)), ...inner, ...inlineRest(rest, depth)];
}

function inlineRest(rest: string, depth: number): Inline[] {
  return rest === '' ? [] : inline(rest, depth);
}

interface Found {
  whole: string;
  code?: string | undefined;
  label?: string | undefined;
  target?: string | undefined;
  strong?: string | undefined;
  em?: string | undefined;
}

function nodeOf(found: Found, depth: number): Inline[] {
  if (found.code !== undefined) return [{ t: 'code', v: found.code }];
  if (found.label !== undefined) {
    const href = safeHref(found.target);
    if (href === null) return [{ t: 'text', v: found.whole }];
    return [{ t: 'link', href, c: unlinked(inline(found.label, depth + 1)) }];
  }
  if (found.strong !== undefined) return [{ t: 'strong', c: inline(found.strong, depth + 1) }];
  return [{ t: 'em', c: inline(found.em ?? '', depth + 1) }];
}

/** A link cannot stand in a link. */
function unlinked(nodes: Inline[]): Inline[] {
  return nodes.flatMap((node) => (node.t === 'link' ? node.c : [node]));
}
