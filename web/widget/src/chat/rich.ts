import { safeHref, safeImage } from '@baton/client/text';

/** What a rich bot message comes down to, whichever of Dialogflow's kinds it was. */
export type Rich =
  | { kind: 'text'; text: string }
  | { kind: 'choices'; title: string; choices: Choice[] }
  | { kind: 'image'; image: Picture }
  | {
      kind: 'card';
      title: string;
      subtitle: string;
      body: string;
      image: Picture | null;
      href: string | null;
      choices: Choice[];
    };

export interface Picture {
  src: string;
  alt: string;
}

/** A button: it opens an address, sends words, or sends an event. */
export interface Choice {
  label: string;
  href?: string;
  say?: string;
  event?: { name: string; parameters: Record<string, unknown> };
}

type Raw = Record<string, unknown>;

const COUNT_MAX = 20;

/** Reads a message object of any origin. An empty answer means: show the plain text. */
export function richOf(message: unknown): Rich[] {
  const raw = object(message);
  const found = [
    ...quickReplies(object(raw.quickReplies)),
    ...list(object(raw.suggestions).suggestions, (one) => chip(text(one.title))),
    ...linkOut(object(raw.linkOutSuggestion)),
    ...esCard(object(raw.card)),
    ...basicCard(object(raw.basicCard)),
    ...picture(object(raw.image).imageUri, object(raw.image).accessibilityText),
    ...select(object(raw.listSelect)),
    ...select(object(raw.carouselSelect)),
    ...richContent(object(raw.payload).richContent),
    ...botcopy(object(raw.payload).botcopy),
  ];
  return joined(found).slice(0, COUNT_MAX);
}

function quickReplies(raw: Raw): Rich[] {
  const labels = array(raw.quickReplies).map(text).filter(Boolean).slice(0, COUNT_MAX);
  const title = text(raw.title);
  if (labels.length === 0) return title ? [{ kind: 'text', text: title }] : [];
  return [{ kind: 'choices', title, choices: labels.map((label) => ({ label, say: label })) }];
}

function chip(label: string): Rich[] {
  return label ? [{ kind: 'choices', title: '', choices: [{ label, say: label }] }] : [];
}

function linkOut(raw: Raw): Rich[] {
  const href = safeHref(raw.uri);
  const label = text(raw.destinationName) || (href ?? '');
  return href ? [{ kind: 'choices', title: '', choices: [{ label, href }] }] : [];
}

function esCard(raw: Raw): Rich[] {
  const choices = array(raw.buttons).flatMap((one): Choice[] => {
    const { text: label, postback } = object(one);
    return button(text(label), text(postback));
  });
  return card(raw.title, raw.subtitle, '', raw.imageUri, '', null, choices);
}

/** A postback that is an address opens it; one that only looks like an address does nothing. */
function button(label: string, postback: string): Choice[] {
  if (!label) return [];
  const href = safeHref(postback);
  if (href) return [{ label, href }];
  return [{ label, say: postback || label }];
}

function basicCard(raw: Raw): Rich[] {
  const image = object(raw.image);
  const choices = array(raw.buttons).flatMap((one): Choice[] => {
    const href = safeHref(object(object(one).openUriAction).uri);
    const label = text(object(one).title);
    return href && label ? [{ label, href }] : [];
  });
  const alt = text(image.accessibilityText);
  return card(raw.title, raw.subtitle, text(raw.formattedText), image.imageUri, alt, null, choices);
}

function select(raw: Raw): Rich[] {
  const choices = array(raw.items).flatMap((one): Choice[] => {
    const label = text(object(one).title);
    return label ? [{ label, say: label }] : [];
  });
  return choices.length > 0 ? [{ kind: 'choices', title: text(raw.title), choices }] : [];
}

/** Custom payloads of Dialogflow Messenger. */
function richContent(value: unknown): Rich[] {
  return array(value)
    .flatMap((group) => (Array.isArray(group) ? (group as unknown[]) : [group]))
    .flatMap((one) => messengerPart(object(one)));
}

function messengerPart(raw: Raw): Rich[] {
  switch (raw.type) {
    case 'chips':
      return [{ kind: 'choices', title: '', choices: array(raw.options).flatMap(option) }];
    case 'button':
      return [{ kind: 'choices', title: '', choices: option({ ...raw }) }];
    case 'list':
      return [{ kind: 'choices', title: '', choices: option({ ...raw, text: raw.title }) }];
    case 'description': {
      const lines = [text(raw.title), ...array(raw.text).map(text)].filter(Boolean);
      return lines.length > 0 ? [{ kind: 'text', text: lines.join('\n') }] : [];
    }
    case 'image':
      return picture(raw.rawUrl, raw.accessibilityText);
    case 'info':
    case 'accordion': {
      const src = object(object(raw.image).src).rawUrl;
      const body = raw.type === 'accordion' ? text(raw.text) : '';
      return card(raw.title, raw.subtitle, body, src, '', safeHref(raw.actionLink), []);
    }
    default:
      return [];
  }
}

function option(value: unknown): Choice[] {
  const raw = object(value);
  const label = text(raw.text);
  if (!label) return [];
  const href = safeHref(raw.link ?? object(raw.anchor).href);
  if (href) return [{ label, href }];
  const name = text(object(raw.event).event) || text(object(raw.event).name);
  if (name) return [{ label, event: { name, parameters: object(object(raw.event).parameters) } }];
  return [{ label, say: label }];
}

/** The `botcopy` custom payload: the parts that are words, choices and cards. */
function botcopy(value: unknown): Rich[] {
  return array(value).flatMap((element) => {
    const raw = object(element);
    return [
      ...list(raw.text, (one) => {
        const words = text(one.displayText);
        return words ? [{ kind: 'text', text: words }] : [];
      }),
      ...list(raw.suggestions, (one) => [
        { kind: 'choices', title: '', choices: action(text(one.title), object(one.action)) },
      ]),
      ...(raw.card ? botcopyCard(object(raw.card)) : []),
      ...list(Array.isArray(raw.carousel) ? raw.carousel : object(raw.carousel).card, botcopyCard),
      ...(raw.list ? botcopyList(object(raw.list)) : []),
    ];
  });
}

function botcopyCard(raw: Raw): Rich[] {
  const act = object(raw.action);
  const choices = array(act.buttons).flatMap((one) =>
    action(text(object(one).title), object(object(one).action)),
  );
  const title = text(raw.title);
  const own = choices.length > 0 || !(act.message || act.link) ? [] : action(title, act);
  const src = object(raw.image).url ?? raw.imageUri;
  const body = text(raw.body) || text(raw.description);
  const alt = text(object(raw.image).alt);
  return card(raw.title, raw.subtitle, body, src, alt, null, [...choices, ...own]);
}

function botcopyList(raw: Raw): Rich[] {
  const choices = array(raw.items).flatMap((one) =>
    action(text(object(one).title), object(object(one).action)),
  );
  return choices.length > 0 ? [{ kind: 'choices', title: text(raw.title), choices }] : [];
}

function action(label: string, raw: Raw): Choice[] {
  if (!label) return [];
  const message = object(raw.message);
  const command = text(message.command) || label;
  if (message.type === 'event') {
    return [{ label, event: { name: command, parameters: object(message.parameters) } }];
  }
  const href = raw.message ? null : safeHref(object(raw.link).url);
  return [href ? { label, href } : { label, say: command }];
}

function card(
  title: unknown,
  subtitle: unknown,
  body: string,
  src: unknown,
  alt: string,
  href: string | null,
  choices: Choice[],
): Rich[] {
  const image = pictureOf(src, alt);
  const words = { title: text(title), subtitle: text(subtitle), body };
  if (!words.title && !words.subtitle && !body && !image && choices.length === 0) return [];
  return [{ kind: 'card', ...words, image, href, choices: choices.slice(0, COUNT_MAX) }];
}

function picture(src: unknown, alt: unknown): Rich[] {
  const image = pictureOf(src, text(alt));
  return image ? [{ kind: 'image', image }] : [];
}

function pictureOf(src: unknown, alt: string): Picture | null {
  const safe = safeImage(src);
  return safe ? { src: safe, alt } : null;
}

/** Neighbouring buttons without a title stand in one row. */
function joined(parts: Rich[]): Rich[] {
  const out: Rich[] = [];
  for (const part of parts) {
    const last = out[out.length - 1];
    if (part.kind !== 'choices') out.push(part);
    else if (last?.kind === 'choices' && !part.title) last.choices.push(...part.choices);
    else if (part.choices.length > 0) out.push({ ...part, choices: [...part.choices] });
  }
  return out;
}

function object(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function list(value: unknown, read: (one: Raw) => Rich[]): Rich[] {
  return array(value).flatMap((one) => read(object(one)));
}
