import { html, type TemplateResult } from 'lit';
import { avatar } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import type { VisitorState } from '@baton/client/visitor';
import type { Config } from '../config.js';
import type { Strings } from '../strings.js';
import { botFace } from './message.js';

/** Shows who has control: the bot, a human agent, or nobody yet. */
export function headerView(
  state: VisitorState,
  config: Config,
  strings: Strings,
  close: () => void,
): TemplateResult {
  const { control, agent } = state.thread;
  const who = () => {
    if (control === 'human' && agent) {
      return { face: avatar(agent), title: agent.name, role: strings.agentRole, mood: 'human' };
    }
    if (control !== 'bot') {
      return {
        face: html`<span class="avatar seeking" aria-hidden="true">${icons.user}</span>`,
        title: strings.connecting,
        role: strings.connectingRole,
        mood: 'seeking',
      };
    }
    return { face: botFace(config), title: config.botName, role: strings.botRole, mood: 'bot' };
  };
  const { face, title, role, mood } = who();
  return html`<div class="head ${mood}">
    <span class="face">${face}<span class="dot"></span></span>
    <div class="who">
      <h2 id="who" dir="auto">${title}</h2>
      <p dir="auto">${role}</p>
    </div>
    <button type="button" class="close" aria-label=${strings.close} @click=${close}>
      ${icons.close}
    </button>
  </div>`;
}

export function bannerView(state: VisitorState, strings: Strings): TemplateResult | null {
  if (state.phase === 'failed') {
    return html`<p class="banner" role="status">${icons.alert}${strings.unavailable}</p>`;
  }
  if (state.connection !== 'waiting') return null;
  return html`<p class="banner" role="status">${icons.alert}${strings.offline}</p>`;
}
