/** What the page says about its widget, on the script tag. */
export interface Config {
  /** Origin of the server, without a slash at the end. */
  base: string;
  botId: string;
  botName: string;
  botAvatar: string | null;
  /** What the tag says of the place it stands in, for the bot. */
  snippetRef: string | null;
}

/** What the loader and the chat chunk say to each other. */
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
