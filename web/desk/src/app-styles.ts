import { css } from 'lit';
import { tokens } from '@baton/ui/tokens';
import { shared } from './shared-styles.js';

const panes = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    font-size: 14px;
    line-height: 1.45;
    color: var(--c-text);
    background: var(--c-surface);
    -webkit-font-smoothing: antialiased;
  }
  .panes {
    flex: 1;
    min-height: 0;
    display: grid;
    grid-template-columns: 320px minmax(0, 1fr) 0;
  }
  .panes.details {
    grid-template-columns: 320px minmax(0, 1fr) 288px;
  }
  .panes > * {
    min-width: 0;
    min-height: 0;
    overflow: hidden;
  }
  .middle {
    background: var(--c-bg);
    border-inline: 1px solid var(--c-line);
  }
  .right {
    display: none;
  }
  .details .right {
    display: block;
  }
  desk-queue,
  desk-chat,
  desk-context {
    height: 100%;
  }
  .waiting {
    flex: 1;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 16px;
    color: var(--c-soft);
    background: var(--c-surface);
  }
  .waiting .mark {
    width: 48px;
    height: 48px;
    border-radius: 15px;
  }
  .banner {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    padding: 7px 16px;
    font-size: 13px;
    font-weight: 550;
    background: var(--c-warn-soft);
    color: var(--c-warn);
  }
  .banner .icon,
  .toast .icon {
    flex: none;
    width: 17px;
    height: 17px;
  }
  .toasts {
    position: fixed;
    inset-block-start: 72px;
    inset-inline: 0;
    display: flex;
    justify-content: center;
    pointer-events: none;
  }
  .toast {
    display: flex;
    align-items: center;
    gap: 9px;
    max-width: min(480px, 100vw - 32px);
    padding: 11px 16px;
    border-radius: 12px;
    font-weight: 550;
    background: var(--c-text);
    color: var(--c-bg);
    box-shadow: 0 12px 36px rgb(0 0 0 / 0.28);
    animation: rise 0.18s ease-out;
  }
  @keyframes rise {
    from {
      transform: translateY(-10px);
      opacity: 0;
    }
  }
`;

const narrow = css`
  @media (max-width: 1099px) {
    .panes,
    .panes.details {
      grid-template-columns: 280px minmax(0, 1fr);
      position: relative;
    }
    .details .right {
      position: absolute;
      inset-block: 0;
      inset-inline-end: 0;
      width: min(320px, 100%);
      background: var(--c-surface);
      border-inline-start: 1px solid var(--c-line);
      box-shadow: -16px 0 48px rgb(var(--c-shadow) / 0.18);
    }
  }
  @media (max-width: 719px) {
    .panes,
    .panes.details {
      grid-template-columns: minmax(0, 1fr);
    }
    .middle {
      border: 0;
    }
    .panes:not(.chosen) .middle,
    .panes.chosen .left {
      display: none;
    }
  }
`;

export const appStyles = [tokens, shared, panes, narrow];
