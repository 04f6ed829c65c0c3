/**
 * The script that a page includes. It draws the launcher and loads the chat on the first open.
 * Before that it sends no request and stores nothing. It has no dependencies, because every
 * visitor of the host page downloads it.
 */
import { configOf, type ChatElement, type Config, type UnreadDetail } from './config.js';
import { CHAT_PATH, iconElement, FOLD_PATH } from './launcher-icons.js';
import { include } from './include.js';
import { launcherStyles } from './launcher-styles.js';
import { directionOf, wasSwapped } from './host-page.js';
import { stringsFor } from './strings.js';

declare const __CHAT_FILE__: string;

// A module, and a script that a tool evaluates, have no `currentScript`.
const script = (document.currentScript ??
  document.querySelector('script[data-bot-id]')) as HTMLScriptElement | null;
const strings = stringsFor(document.documentElement.lang);

/** The widget of the page. There is one, however often the script runs. */
let current: BatonWidget | null = null;

class BatonWidget extends HTMLElement {
  config!: Config;
  private readonly frame = document.createElement('div');
  private readonly button = document.createElement('button');
  private readonly badge = document.createElement('span');
  private chat: Promise<ChatElement> | null = null;
  private opened = false;
  /** An element of the page beside the widget. */
  private beside: Element | null = null;

  /**
   * Shows the widget of this script tag. Frameworks that replace the body run the script again: the
   * widget of the same bot then goes on as it is.
   */
  static show(tag: HTMLScriptElement | null): void {
    const config = configOf(tag, strings.assistant);
    if (!config) return;
    if (current?.config.botId !== config.botId || current.config.base !== config.base) {
      const old = current;
      current = document.createElement('baton-widget') as BatonWidget;
      current.config = config;
      if (config.theme) current.setAttribute('theme', config.theme);
      if (config.side) current.setAttribute('side', config.side);
      old?.remove();
    }
    current.attach();
  }

  connectedCallback(): void {
    // A copy, such as one in a framework's snapshot of the page.
    if (this !== current) return this.remove();
    this.beside = [...(this.parentElement?.children ?? [])].find((one) => one !== this) ?? null;
    this.frame.dir = directionOf(this.config);
    if (this.shadowRoot) return;
    this.build();
    this.resume();
  }

  disconnectedCallback(): void {
    if (this !== current) return;
    queueMicrotask(() => {
      if (this === current && wasSwapped(this, this.beside)) this.attach();
    });
  }

  open(focus = true): void {
    this.attach();
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

  private attach(): void {
    for (const other of document.querySelectorAll('baton-widget')) {
      if (other !== this) other.remove();
    }
    if (!this.isConnected) (document.body ?? document.documentElement)?.append(this);
  }

  private build(): void {
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(launcherStyles);
    root.adoptedStyleSheets = [sheet];
    this.frame.className = 'frame';
    this.button.type = 'button';
    this.button.className = 'launcher';
    this.button.setAttribute('aria-expanded', 'false');
    this.button.append(iconElement('chat', CHAT_PATH), iconElement('fold', FOLD_PATH), this.badge);
    this.badge.className = 'badge';
    this.badge.hidden = true;
    this.badge.setAttribute('aria-hidden', 'true');
    this.label(0);
    this.button.addEventListener('click', () => (this.opened ? this.close() : this.open()));
    this.frame.append(this.button);
    root.append(this.frame);
    new MutationObserver(() => (this.frame.dir = directionOf(this.config))).observe(
      document.documentElement,
      { attributeFilter: ['dir'] },
    );
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
      if (!customElements.get('baton-chat')) throw new Error('the chat did not start');
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
    this.frame.prepend(chat);
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

function read(look: () => string | null): string | null {
  try {
    return look();
  } catch {
    return null;
  }
}

function begin(): void {
  const known = customElements.get('baton-widget') as typeof BatonWidget | undefined;
  if (known) return known.show?.(script);
  customElements.define('baton-widget', BatonWidget);
  BatonWidget.show(script);
  Object.assign(window, {
    Baton: {
      open: () => current?.open(),
      close: () => current?.close(),
      sendText: (text: string) => current?.sendText(text),
    },
  });
}

if (document.body) begin();
else document.addEventListener('DOMContentLoaded', begin);
