import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { Visitor } from '@baton/client/visitor';
import type { Config, UnreadDetail } from '../config.js';
import { stringsFor } from '../strings.js';
import { Announcer } from './announcer.js';
import type { BatonComposer } from './baton-composer.js';
import type { BatonMessages } from './baton-messages.js';
import { bannerView, headerView } from './header.js';
import { chatStyles } from './chat-styles.js';
import { followViewport, keepInside, pageView, watchPage } from './page.js';
import { Actions } from './action.js';
import type { FormDetail } from './baton-form.js';
import type { ChoiceDetail } from './rich-view.js';
import { Wall } from './wall.js';

/** The chat: a panel over the page, or the whole screen on phones. */
export class BatonChat extends LitElement {
  static override styles = chatStyles;
  static override properties = {
    config: { attribute: false },
    open: { type: Boolean, reflect: true },
    sheet: { state: true },
  };
  declare config: Config;
  declare open: boolean;
  /** True on phones: the chat covers the page and behaves like a modal dialog. */
  declare sheet: boolean;
  private readonly strings = stringsFor(document.documentElement.lang);
  private visitor!: Visitor;
  private actions!: Actions;
  private readonly wall = new Wall(this, this.strings, () => this.focusInput());
  private leave: (() => void)[] = [];
  private settled = false;
  private typingSaid = false;
  private readonly announcer = new Announcer(
    () => this.renderRoot.querySelector('.live'),
    () => this.config,
    () => this.strings,
  );

  override connectedCallback(): void {
    super.connectedCallback();
    const page = () => pageView(this.config.snippetRef);
    this.visitor ??= new Visitor({ ...this.config, page });
    this.actions ??= new Actions(this.visitor, this.strings, this, this.announcer);
    this.leave = [
      this.visitor.state.subscribe(() => this.changed()),
      followViewport(this, (sheet) => (this.sheet = sheet)),
      watchPage(this, this.visitor, () => this.look()),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const leave of this.leave) leave();
  }

  override render() {
    const state = this.visitor.state.value;
    return html`<section
      role="dialog"
      aria-label=${this.strings.chat(this.config.botName)}
      aria-modal=${this.sheet ? 'true' : 'false'}
      @keydown=${this.keyed}
      @baton-form=${(event: CustomEvent<FormDetail>) => this.actions.submit(event.detail)}
    >
      ${headerView(state, this.config, this.strings, () => this.close())}
      ${bannerView(state, this.strings) ?? nothing} ${this.wall.view(state.thread.items)}
      <baton-messages
        .state=${state}
        .config=${this.config}
        .strings=${this.strings}
        @baton-choice=${(event: CustomEvent<ChoiceDetail>) => this.actions.choose(event.detail)}
        @baton-retry=${(event: CustomEvent<string>) => this.visitor.outbox.retry(event.detail)}
        @baton-wall=${this.wall.reopen}
        @baton-to-input=${() => this.focusInput()}
      ></baton-messages>
      <baton-composer
        .strings=${this.strings}
        @baton-send=${(event: CustomEvent<string>) => this.sendText(event.detail)}
        @baton-typing=${() => this.visitor.typing()}
        @baton-walk=${() => this.list?.focusLast()}
        @baton-page=${(event: CustomEvent<1 | -1>) => this.list?.page(event.detail)}
      ></baton-composer>
      <div class="live off-screen" aria-live="polite" aria-relevant="additions"></div>
    </section>`;
  }

  override updated(changed: PropertyValues): void {
    if (changed.has('open')) {
      this.look();
      if (this.open) this.list?.toEnd();
    }
  }

  start(): void {
    void this.visitor.start();
  }

  sendText(text: string): void {
    this.start();
    this.visitor.sendText(text);
  }

  focusInput(): void {
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<BatonComposer>('baton-composer')?.focus();
    });
  }

  private get list(): BatonMessages | null {
    return this.renderRoot.querySelector('baton-messages');
  }

  private changed(): void {
    const { phase, thread, typing, unread } = this.visitor.state.value;
    if (phase === 'ready' && !this.settled) {
      this.settled = true;
      const answeredAtOnce = thread.items.every((item) => Date.now() - item.at < 10_000);
      this.announcer.settle(answeredAtOnce ? [] : thread.items);
    }
    if (this.settled && this.open) this.announcer.tell(thread.items);
    if (typing && !this.typingSaid && this.open) {
      this.announcer.say(this.strings.typing(typing.agent?.name ?? this.strings.someone));
    }
    this.typingSaid = typing !== null;
    const detail: UnreadDetail = { unread };
    this.dispatchEvent(new CustomEvent('baton-unread', { detail }));
    this.requestUpdate();
  }

  private look(): void {
    this.visitor.setOnScreen(this.open && document.visibilityState === 'visible');
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.close();
    } else if (event.key === 'Tab' && this.sheet) keepInside(this, event);
  }

  private close(): void {
    this.dispatchEvent(new CustomEvent('baton-close'));
  }
}
