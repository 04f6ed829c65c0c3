/** The elements of a bot's message, as the server sends them: see `docs/rich-responses.md`. */
export type Element =
  | { type: 'text'; text: string }
  | { type: 'suggestions'; buttons: Button[] }
  | ({ type: 'card' } & Card)
  | { type: 'carousel'; cards: Card[] }
  | { type: 'list'; title?: string; subtitle?: string; items: Card[] }
  | ({ type: 'media' } & Media)
  | ({ type: 'table' } & Table)
  | ({ type: 'form' } & Form)
  | { type: 'bot_card'; title: string; bot?: string; action?: Action }
  | { type: 'bot_list'; title?: string; list?: string; bots: string[]; preview: boolean };

export interface Button {
  title: string;
  action: Action;
}

export interface Card {
  title?: string;
  subtitle?: string;
  body?: string;
  media?: Media;
  action?: Action;
  buttons?: Button[];
}

export interface Media {
  kind: 'image' | 'audio' | 'video' | 'embed';
  url: string;
  alt?: string;
  title?: string;
  body?: string;
  poster?: string;
}

export interface Table {
  title?: string;
  subtitle?: string;
  media?: Media;
  columns: { title: string; align: 'start' | 'center' | 'end' }[];
  rows: { cells: string[]; divider?: boolean }[];
  buttons?: Button[];
}

export type Parameters = Record<string, unknown>;

/** A message or an event that a button or form sends for the visitor. */
export type SendAction =
  | { type: 'message'; text: string; parameters?: Parameters }
  | { type: 'event'; name: string; parameters?: Parameters };

export type Action =
  SendAction | { type: 'link'; url: string; target: 'tab' | 'page' | 'chat' } | LocationAction;

export interface LocationAction {
  type: 'location';
  parameter: string;
  latitude: string;
  longitude: string;
  errorCode: string;
  success: SendAction;
  failure: SendAction;
}

export interface Form {
  title?: string;
  subtitle?: string;
  style: 'message' | 'wall';
  force?: boolean;
  fields: Field[];
  action: SendAction;
}

export interface Choice {
  value: string;
  label: string;
  chosen?: boolean;
}

interface Named {
  parameter: string;
  label: string;
  helper?: string;
  error?: string;
  required?: boolean;
  expose?: boolean;
}

export type TextField = Named & {
  type: 'text';
  kind: string;
  placeholder?: string;
  pattern?: string;
  autocomplete?: string;
  rows: number;
  charsMax: number;
};

export type ChoiceField = Named & { type: 'checkboxes' | 'radio' | 'select'; options: Choice[] };

export type Field = TextField | (Named & { type: 'checkbox'; checked: boolean }) | ChoiceField;

const TYPES = new Set([
  'text',
  'suggestions',
  'card',
  'carousel',
  'list',
  'media',
  'table',
  'form',
  'bot_card',
  'bot_list',
]);

/** The known elements of `content`. If there are none, one text element with `text`. */
export function contentOf(content: unknown, text: string): Element[] {
  const all: unknown[] = Array.isArray(content) ? content : [];
  const known = all.filter(
    (one): one is Element =>
      typeof one === 'object' && one !== null && TYPES.has((one as Element).type),
  );
  if (known.length > 0 || text === '') return known;
  return [{ type: 'text', text }];
}
