/** The settings of the widget, from the script tag. */
export interface Config {
  /** Address of the server, without a slash at the end. A proxy may serve it below a path. */
  base: string;
  botId: string;
  botName: string;
  botAvatar: string | null;
  /** `data-snippet-ref`: the site owner's name for this place, passed to the bot. */
  snippetRef: string | null;
  theme: string | null;
  side: string | null;
  /** `ltr` or `rtl`; null for the direction of the page. */
  direction: string | null;
}

/** What the loader calls on the chat element. */
export interface ChatElement extends HTMLElement {
  config: Config;
  open: boolean;
  start(): void;
  focusInput(): void;
  sendText(text: string): void;
}

export interface UnreadDetail {
  unread: number;
}

/** Null, with a hint in the console, if the tag does not name a bot. */
export function configOf(tag: HTMLScriptElement | null, assistant: string): Config | null {
  const data = tag?.dataset ?? {};
  const botId = data.botId?.trim();
  if (!botId) {
    console.error(
      'Baton: no chat, because the script tag of widget.js has no attribute data-bot-id. ' +
        'Add data-bot-id="ID" with the id of your bot.',
    );
    return null;
  }
  const beside = tag?.src ? new URL('.', tag.src).href : location.origin;
  const base = data.baseUrl ? new URL(data.baseUrl, location.href).href : beside;
  return {
    base: base.replace(/\/+$/, ''),
    botId,
    botName: data.botName ?? assistant,
    botAvatar: data.botAvatar ?? null,
    snippetRef: data.snippetRef ?? null,
    theme: data.theme ?? null,
    side: data.side ?? null,
    direction: data.dir ?? null,
  };
}
