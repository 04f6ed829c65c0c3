import { css } from 'lit';
import { avatarStyles } from '@baton/ui/avatar';
import { base, tokens } from '@baton/ui/tokens';

const frame = css`
  :host {
    --avatar: 38px;
    position: fixed;
    z-index: var(--baton-z, 2147482000);
    inset-block-end: calc(var(--baton-inset-block, 20px) + var(--baton-launcher-size, 56px) + 14px);
    inset-inline-end: var(--baton-inset-inline, 20px);
    width: min(var(--baton-width, 396px), 100vw - 40px);
    height: min(var(--baton-height, 680px), 100vh - 116px);
    font-family: var(--baton-font, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif);
    font-size: 15px;
    line-height: 1.45;
    color: var(--c-text);
    visibility: hidden;
    opacity: 0;
    transform: translateY(10px) scale(0.985);
    transform-origin: 100% 100%;
    transition:
      opacity 0.16s ease,
      transform 0.22s cubic-bezier(0.2, 0.9, 0.3, 1),
      visibility 0s 0.22s;
  }
  :host([open]) {
    visibility: visible;
    opacity: 1;
    transform: none;
    transition-delay: 0s;
  }
  :host([side='start']) {
    inset-inline: var(--baton-inset-inline, 20px) auto;
  }
  section {
    display: flex;
    flex-direction: column;
    height: 100%;
    overflow: hidden;
    background: var(--c-bg);
    border: 1px solid var(--c-line);
    border-radius: var(--baton-radius, 18px);
    box-shadow:
      0 2px 6px rgb(var(--c-shadow) / 0.08),
      0 24px 60px -12px rgb(var(--c-shadow) / 0.3);
  }
  baton-messages {
    flex: 1;
    min-height: 0;
  }
  baton-composer {
    flex: none;
  }
`;

const head = css`
  .head {
    display: flex;
    align-items: center;
    gap: 12px;
    padding-block: 14px;
    padding-inline: 16px 12px;
    border-block-end: 1px solid var(--c-line);
    background: var(--c-bg);
  }
  .face {
    position: relative;
    display: flex;
  }
  .bot-face {
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .seeking.avatar {
    background: var(--c-sunken);
    color: var(--c-soft);
  }
  .avatar .icon {
    width: 58%;
    height: 58%;
  }
  .dot {
    position: absolute;
    inset-block-end: -1px;
    inset-inline-end: -1px;
    width: 12px;
    height: 12px;
    border-radius: 50%;
    border: 2px solid var(--c-bg);
    background: var(--c-good);
  }
  .bot .dot {
    display: none;
  }
  .seeking .dot {
    background: var(--c-warn);
    animation: glow 1.4s ease-in-out infinite;
  }
  @keyframes glow {
    50% {
      opacity: 0.35;
    }
  }
  .who {
    flex: 1;
    min-width: 0;
  }
  h2 {
    margin: 0;
    font-size: 15.5px;
    font-weight: 650;
    line-height: 1.3;
    letter-spacing: -0.006em;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .who p {
    margin: 0;
    font-size: 13px;
    line-height: 1.35;
    color: var(--c-soft);
  }
  .close {
    display: grid;
    place-items: center;
    width: 36px;
    height: 36px;
    border-radius: 10px;
    color: var(--c-soft);
  }
  .close:hover {
    background: var(--c-hover);
    color: var(--c-text);
  }
  .close .icon {
    width: 20px;
    height: 20px;
  }
  .banner {
    display: flex;
    align-items: center;
    gap: 8px;
    margin: 0;
    padding: 8px 16px;
    font-size: 13px;
    background: var(--c-warn-soft);
    color: var(--c-warn);
  }
  .banner .icon {
    width: 16px;
    height: 16px;
    flex: none;
  }
`;

const wall = css`
  .wall {
    flex: 1 1 auto;
    min-height: 60%;
    overflow-y: auto;
    padding: 14px;
    background: var(--c-surface);
  }
  .wall + baton-messages,
  .wall ~ baton-composer {
    display: none;
  }
`;

const phone = css`
  @media (max-width: 480px) {
    :host {
      inset: auto;
      inset-inline: 0;
      top: var(--view-top, 0);
      width: 100%;
      height: var(--view-height, 100dvh);
      transform: translateY(24px);
    }
    section {
      border: 0;
      border-radius: 0;
    }
    .head {
      padding-block-start: max(12px, env(safe-area-inset-top));
    }
    .close {
      width: 44px;
      height: 44px;
    }
  }
  @media print {
    :host {
      display: none;
    }
  }
`;

export const chatStyles = [tokens, base, avatarStyles, frame, head, wall, phone];
