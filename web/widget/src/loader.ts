/**
 * The script that a page includes. It draws the launcher and loads the chat on the first open.
 * Before that it sends no request and stores nothing. It has no dependencies, because every
 * visitor of the host page downloads it.
 */
import type { ChatElement, Config, UnreadDetail } from './config.js';
import { CHAT_PATH, iconElement, FOLD_PATH } from './launcher-icons.js';
import { include } from './include.js';
import { launcherStyles } from './launcher-styles.js';
import { stringsFor } from './strings.js';

declare const __CHAT_FILE__: string;

const script = document.currentScript as HTMLScriptElement | null;
const strings = stringsFor(document.documentElement.lang);

class BatonWidget extends HTMLElement {
  readonly config: Config = configOf(script);
  private readonly button = document.createElement('button');
  private readonly badge = document.createElement('span');
  private chat: Promise<ChatElement> | null = null;
  private opened = false;

  connectedCallback(): void {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(launcherStyles);
    root.adoptedStyleSheets = [sheet];
    this.button.type = 'button';
    this.button.className = 'launcher';
    this.button.setAttribute('aria-expanded', 'false');
    this.button.append(iconElement('chat', CHAT_PATH), iconElement('fold', FOLD_PATH), this.badge);
    this.badge.className = 'badge';
    this.badge.hidden = true;
    this.badge.setAttribute('aria-hidden', 'true');
    this.label(0);
    this.button.addEventListener('click', () => (this.opened ? this.close() : this.open()));
    root.append(this.button);
    this.resume();
  }

  open(focus = true): void {
    this.opened = true;
    this.toggleAttribute('open', true);
    this.button.setAttribute('aria-expanded', 'true');
    this.button.setAttribute('aria-busy', 'true');
    this.remember('1');
    void this.load().then(
      (chat) => {
        this.button.removeAttribute('aria-busy');
        if (!this.opened) return;
        chat.open = true;
        chat.start();
        if (focus) chat.focusInput();
      },
      () => {
        this.button.removeAttribute('aria-busy');
        this.close();
      },
    );
  }

  close(): void {
    this.opened = false;
    this.toggleAttribute('open', false);
    this.button.setAttribute('aria-expanded', 'false');
    this.remember(null);
    void this.chat?.then((chat) => (chat.open = false));
    this.button.focus();
  }

  sendText(text: string): void {
    void this.load().then((chat) => chat.sendText(text));
  }

  /** For a returning visitor: loads the chat when the page is idle, and opens it if it was. */
  private resume(): void {
    if (!read(() => localStorage.getItem(`baton.${this.config.botId}.token`))) return;
    const wasOpen = read(() => sessionStorage.getItem(this.openKey)) !== null;
    const wide = matchMedia('(min-width: 481px)').matches;
    const go = () => {
      if (wasOpen && wide) this.open(false);
      else
        void this.load().then(
          (chat) => chat.start(),
          () => undefined,
        );
    };
    if ('requestIdleCallback' in window) requestIdleCallback(go, { timeout: 2_000 });
    else setTimeout(go, 500);
  }

  private load(): Promise<ChatElement> {
    this.chat ??= this.fetchChat().catch((error: unknown) => {
      this.chat = null;
      throw error;
    });
    return this.chat;
  }

  private async fetchChat(): Promise<ChatElement> {
    if (!customElements.get('baton-chat')) {
      await include(`${this.config.base}/${__CHAT_FILE__}`, script?.nonce);
    }
    const chat = document.createElement('baton-chat') as ChatElement;
    chat.config = this.config;
    for (const name of ['theme', 'side']) {
      const value = this.getAttribute(name);
      if (value) chat.setAttribute(name, value);
    }
    chat.addEventListener('baton-close', () => this.close());
    chat.addEventListener('baton-unread', (event) => {
      this.label((event as CustomEvent<UnreadDetail>).detail.unread);
    });
    this.shadowRoot?.prepend(chat);
    return chat;
  }

  private label(unread: number): void {
    this.button.setAttribute('aria-label', strings.launcher(unread));
    this.badge.hidden = unread === 0;
    this.badge.textContent = unread > 9 ? '9+' : String(unread);
    const title = document.title.replace(/^\(\d+\+?\) /, '');
    const wanted = unread > 0 ? `(${unread}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
  }

  private get openKey(): string {
    return `baton.${this.config.botId}.open`;
  }

  private remember(value: string | null): void {
    read(() => {
      if (value === null) sessionStorage.removeItem(this.openKey);
      else sessionStorage.setItem(this.openKey, value);
      return null;
    });
  }
}

function configOf(tag: HTMLScriptElement | null): Config {
  const data = tag?.dataset ?? {};
  const origin = tag?.src ? new URL(tag.src).origin : location.origin;
  return {
    base: (data.baseUrl ?? origin).replace(/\/+$/, ''),
    botId: data.botId ?? '',
    botName: data.botName ?? strings.assistant,
    botAvatar: data.botAvatar ?? null,
    snippetRef: data.snippetRef ?? null,
  };
}

function read(look: () => string | null): string | null {
  try {
    return look();
  } catch {
    return null;
  }
}

function begin(): void {
  if (customElements.get('baton-widget')) return;
  customElements.define('baton-widget', BatonWidget);
  const widget = document.createElement('baton-widget') as BatonWidget;
  const data = script?.dataset ?? {};
  if (data.theme) widget.setAttribute('theme', data.theme);
  if (data.side) widget.setAttribute('side', data.side);
  document.body.append(widget);
  Object.assign(window, {
    Baton: {
      open: () => widget.open(),
      close: () => widget.close(),
      sendText: (text: string) => widget.sendText(text),
    },
  });
}

if (document.body) begin();
else document.addEventListener('DOMContentLoaded', begin);
