import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { icons } from '@baton/ui/icons';
import { alertAgent } from './alerts.js';
import { appStyles } from './app-styles.js';
import type { DeskChat } from './desk-chat.js';
import type { DeskHelp } from './desk-help.js';
import { Desk } from './desk.js';
import { keyPressOf, shortcutOf, type Shortcut } from './keys.js';
import { listenToPage } from './page.js';
import { groupsOf, neighbour } from './queue.js';
import { settings } from './settings.js';
import { shareFocus } from './tabs.js';

/** The desk page: three panes on a desktop, one pane at a time on a phone. */
export class BatonDesk extends LitElement {
  static override styles = appStyles;
  static override properties = { tick: { state: true }, details: { state: true } };
  /** Increases with every change and every second, so that all panes are drawn again. */
  declare tick: number;
  declare details: boolean;
  private readonly desk = new Desk({ alert: (chat, news) => void alertAgent(chat, news) });
  private leave: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.tick = 0;
    this.leave = [
      shareFocus(),
      this.desk.state.subscribe(() => this.redraw()),
      settings.subscribe(() => this.redraw()),
      listenToPage({
        second: () => this.redraw(),
        wake: () => this.desk.wake(),
        offline: () => this.desk.offline(),
        hidden: () => this.desk.leavePage(),
        address: (id) => this.desk.select(id),
        key: (event) => this.pressed(event),
        wide: (all) => (this.details = all),
      }),
    ];
    void this.desk.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const leave of this.leave) leave();
  }

  override render() {
    const { phase, selected } = this.desk.state.value;
    if (phase === 'signed-out') return html`<desk-sign-in .desk=${this.desk}></desk-sign-in>`;
    if (phase !== 'ready') return this.waiting(phase === 'unreachable');
    const { desk, tick } = this;
    const shape = `${selected ? 'chosen' : ''} ${this.details && selected ? 'details' : ''}`;
    const flip = () => (this.details = !this.details);
    return html`${this.banner()}
      <main class="panes ${shape}">
        <h1 class="off-screen">Baton desk</h1>
        <section class="left" aria-label="Queue">
          <desk-queue .desk=${desk} .tick=${tick} @desk-help=${() => this.help()}></desk-queue>
        </section>
        <section class="middle" aria-label="Chat">
          <desk-chat .desk=${desk} .tick=${tick} @desk-details=${flip}></desk-chat>
        </section>
        <section class="right" aria-label="Details">
          <desk-context .desk=${desk} .tick=${tick} @desk-details=${flip}></desk-context>
        </section>
      </main>
      ${this.toast()}
      <desk-help></desk-help>`;
  }

  override updated(): void {
    const { chats, agent, selected } = this.desk.state.value;
    const store = selected ? this.desk.chatStores.get(selected) : undefined;
    if (store && document.visibilityState === 'visible' && document.hasFocus()) store.read();
    const waiting = chats.filter((chat) => chat.status === 'queued').length;
    const mine = groupsOf(chats, agent?.email).find((group) => group.id === 'mine')?.chats ?? [];
    const unread = mine.reduce(
      (sum, { id }) => sum + (this.desk.chatStores.get(id)?.unread ?? 0),
      0,
    );
    const title = waiting + unread > 0 ? `(${waiting + unread}) Baton desk` : 'Baton desk';
    if (document.title !== title) document.title = title;
  }

  private redraw(): void {
    this.tick += 1;
  }

  private banner(): TemplateResult {
    const { connection } = this.desk.state.value;
    const words =
      connection === 'waiting'
        ? 'No connection. Trying again… Your messages are saved and will be sent later.'
        : connection === 'polling'
          ? 'Limited connection. Updates may take a few seconds.'
          : null;
    return html`<div class="status" role="status">
      ${words ? html`<p class="banner">${icons.alert}<span>${words}</span></p>` : nothing}
    </div>`;
  }

  private toast(): TemplateResult {
    const { toast } = this.desk.state.value;
    return html`<div class="toasts" role="alert">
      ${toast ? html`<p class="toast" dir="auto">${icons.alert}<span>${toast}</span></p>` : nothing}
    </div>`;
  }

  private waiting(unreachable: boolean): TemplateResult {
    return html`<main class="waiting">
      <span class="mark">${icons.baton}</span>
      <p role="status">${unreachable ? 'The server cannot be reached. Trying again…' : ''}</p>
    </main>`;
  }

  private pressed(event: KeyboardEvent): void {
    if (this.desk.state.value.phase !== 'ready') return;
    const shortcut = shortcutOf(keyPressOf(event), settings.value.keys);
    if (!shortcut) return;
    event.preventDefault();
    this.act(shortcut);
  }

  private act(shortcut: Shortcut): void {
    const { chats, agent, selected } = this.desk.state.value;
    const pane = this.renderRoot.querySelector<DeskChat>('desk-chat');
    if (shortcut === 'j' || shortcut === 'k') {
      const step = shortcut === 'j' ? 1 : -1;
      const next = neighbour(groupsOf(chats, agent?.email), selected, step);
      if (next) location.hash = next.id;
    } else if (shortcut === 'c') {
      const chat = chats.find((one) => one.id === selected);
      if (chat?.status === 'queued') void pane?.claim(chat.id);
    } else if (shortcut === 'r') pane?.focusReply();
    else if (shortcut === 'i') this.details = !this.details;
    else this.help();
  }

  private help(): void {
    this.renderRoot.querySelector<DeskHelp>('desk-help')?.show();
  }
}
