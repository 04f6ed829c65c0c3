/** The settings of the widget, from the script tag. */
export interface Config {
  /** Origin of the server, without a slash at the end. */
  base: string;
  botId: string;
  botName: string;
  botAvatar: string | null;
  /** `data-snippet-ref`: the site owner's name for this place, passed to the bot. */
  snippetRef: string | null;
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
