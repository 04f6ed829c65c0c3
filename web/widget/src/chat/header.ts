import { html, type TemplateResult } from 'lit';
import { avatar } from '@baton/ui/avatar';
import { icons } from '@baton/ui/icons';
import type { VisitorState } from '@baton/client/visitor';
import type { Config } from '../config.js';
import type { Words } from '../words.js';
import { botFace } from './message.js';

/** Who the visitor talks to, now. */
export function headerView(
  state: VisitorState,
  config: Config,
  words: Words,
  close: () => void,
): TemplateResult {
  const { control, agent } = state.thread;
  const who = () => {
    if (control === 'human' && agent) {
      return { face: avatar(agent), title: agent.name, role: words.agentRole, mood: 'human' };
    }
    if (control !== 'bot') {
      return {
        face: html`<span class="avatar seeking" aria-hidden="true">${icons.user}</span>`,
        title: words.connecting,
        role: words.connectingRole,
        mood: 'seeking',
      };
    }
    return { face: botFace(config), title: config.botName, role: words.botRole, mood: 'bot' };
  };
  const { face, title, role, mood } = who();
  return html`<div class="head ${mood}">
    <span class="face">${face}<span class="dot"></span></span>
    <div class="who">
      <h2 id="who" dir="auto">${title}</h2>
      <p dir="auto">${role}</p>
    </div>
    <button type="button" class="close" aria-label=${words.close} @click=${close}>
      ${icons.close}
    </button>
  </div>`;
}

export function bannerView(state: VisitorState, words: Words): TemplateResult | null {
  if (state.phase === 'lost') {
    return html`<p class="banner" role="status">${icons.alert}${words.lost}</p>`;
  }
  if (state.link !== 'waiting') return null;
  return html`<p class="banner" role="status">${icons.alert}${words.offline}</p>`;
}
