import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { avatar } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import { switchAlerts } from './alerts.js';
import type { Desk } from './desk.js';
import { groupsOf, type Group } from './queue.js';
import { queueStyles } from './queue-styles.js';
import { chatRow } from './row.js';
import { settings } from './settings.js';

const SKELETON = html`<div class="ghosts" aria-hidden="true"><i></i><i></i><i></i></div>`;

/** The left pane: the list of chats, and this agent's own settings. */
export class DeskQueue extends LitElement {
  static override styles = queueStyles;
  static override properties = {
    desk: { attribute: false },
    tick: { attribute: false },
  };
  declare desk: Desk;
  /** Changes when the pane must be drawn again. */
  declare tick: number;

  override render() {
    const { chats, agent, listed } = this.desk.state.value;
    const groups = groupsOf(chats, agent?.email).filter((group) => group.chats.length > 0);
    return html`<header>
        <span class="mark">${icons.baton}</span>
        <h2>Chats</h2>
        ${this.availability()}
      </header>
      <nav aria-label="Chats">
        ${groups.map((group) => this.group(group))}
        ${listed && groups.length === 0 ? this.empty() : nothing} ${listed ? nothing : SKELETON}
      </nav>
      ${this.footer()}`;
  }

  private group(group: Group): TemplateResult {
    return html`<section class=${group.id} aria-labelledby=${`g-${group.id}`}>
      <h3 id=${`g-${group.id}`}>${group.title} <span class="count">${group.chats.length}</span></h3>
      <ul>
        ${repeat(
          group.chats,
          (chat) => chat.id,
          (chat) => html`<li>${chatRow(chat, this.desk, Date.now())}</li>`,
        )}
      </ul>
    </section>`;
  }

  private empty(): TemplateResult {
    const { available } = this.desk.state.value;
    return html`<div class="empty">
      <span>${icons.inbox}</span>
      <p>No chats right now</p>
      <p class="soft">
        ${
          available
            ? 'New chats appear here automatically.'
            : 'You are away, so visitors cannot reach you. Switch to Available to get chats.'
        }
      </p>
    </div>`;
  }

  private availability(): TemplateResult {
    const { available } = this.desk.state.value;
    return html`<button
      type="button"
      class="availability"
      role="switch"
      aria-checked=${available ? 'true' : 'false'}
      aria-label="Available for chats"
      @click=${() => void this.desk.setAvailable(!available)}
    >
      <span class="track"><span class="knob"></span></span>
      <span class="word">${available ? 'Available' : 'Away'}</span>
    </button>`;
  }

  private footer(): TemplateResult {
    const { agent } = this.desk.state.value;
    const { alerts } = settings.value;
    const tool = (label: string, icon: TemplateResult, click: () => void, pressed?: boolean) =>
      html`<button
        type="button"
        class="tool"
        title=${label}
        aria-label=${label}
        aria-pressed=${pressed === undefined ? nothing : pressed ? 'true' : 'false'}
        @click=${click}
      >
        ${icon}
      </button>`;
    return html`<footer>
      ${agent ? avatar(agent) : nothing}
      <span class="me" dir="auto">${agent?.name ?? ''}</span>
      ${tool(
        'Sound and notifications',
        alerts ? icons.bell : icons.bellOff,
        () => void switchAlerts(!alerts),
        alerts,
      )}
      ${tool('Keyboard shortcuts', icons.help, () => this.dispatchEvent(new Event('desk-help')))}
      ${tool('Sign out', icons.leave, () => void this.desk.signOut())}
    </footer>`;
  }
}
