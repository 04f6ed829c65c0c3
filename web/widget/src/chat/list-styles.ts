import { css } from 'lit';
import { avatarStyles } from '@baton/ui/avatar';
import { textStyles } from '@baton/ui/text';
import { base } from '@baton/ui/tokens';
import { richStyles } from './rich-styles.js';

const list = css`
  :host {
    position: relative;
    display: block;
    --avatar: 28px;
  }
  .scroller {
    height: 100%;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--c-line-strong) transparent;
  }
  .scroller:focus-visible {
    outline-offset: -3px;
  }
  .list {
    list-style: none;
    margin: 0;
    padding: 18px 14px 10px;
    display: flex;
    flex-direction: column;
    gap: 3px;
    min-height: 100%;
  }
  .day,
  .notice,
  .waiting {
    align-self: center;
    max-width: 88%;
    margin-block: 12px;
    font-size: 12.5px;
    line-height: 1.4;
    text-align: center;
    color: var(--c-faint);
    border-radius: 12px;
  }
  .day {
    font-weight: 600;
    margin-block: 2px 12px;
  }
  .notice {
    padding: 5px 12px;
    background: var(--c-surface);
    border: 1px solid var(--c-line);
    overflow-wrap: anywhere;
  }
  .waiting {
    display: flex;
    align-items: center;
    gap: 14px;
    padding-inline-start: 10px;
    text-align: start;
  }
  .pulse {
    flex: none;
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: var(--c-accent);
    animation: ring 1.6s ease-out infinite;
  }
  @keyframes ring {
    from {
      box-shadow: 0 0 0 0 var(--c-accent);
    }
    to {
      box-shadow: 0 0 0 9px transparent;
    }
  }
  .newer {
    position: absolute;
    inset-block-end: 10px;
    inset-inline: 0;
    margin-inline: auto;
    width: fit-content;
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 7px 14px 7px 10px;
    border-radius: 20px;
    font-size: 13px;
    font-weight: 600;
    background: var(--c-bg);
    color: var(--c-text);
    border: 1px solid var(--c-line);
    box-shadow: 0 4px 14px rgb(var(--c-shadow) / 0.16);
  }
  .newer .icon {
    width: 16px;
    height: 16px;
  }
`;

const bubbles = css`
  .message {
    display: flex;
    gap: 8px;
    align-items: flex-end;
    max-width: 100%;
    border-radius: 14px;
  }
  .message.first:not(:first-child) {
    margin-block-start: 10px;
  }
  .message.visitor {
    justify-content: flex-end;
  }
  .side {
    flex: none;
    width: 28px;
    display: flex;
  }
  .last > .side {
    align-self: flex-end;
  }
  .message.last:has(.meta) > .side {
    margin-block-end: 22px;
  }
  .bot-face {
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .bot-face .icon {
    width: 66%;
    height: 66%;
  }
  .words {
    min-width: 0;
    max-width: 82%;
    display: flex;
    flex-direction: column;
    align-items: flex-start;
  }
  .visitor .words {
    align-items: flex-end;
  }
  .name {
    margin: 0 12px 3px;
    font-size: 12.5px;
    font-weight: 600;
    color: var(--c-soft);
  }
  .bubble {
    padding: 9px 14px;
    border-radius: 18px;
    background: var(--c-sunken);
    max-width: 100%;
  }
  .agent .bubble {
    background: var(--c-accent-soft);
  }
  .visitor .bubble {
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .message:not(.last) .bubble {
    border-end-start-radius: 6px;
  }
  .message:not(.first) .bubble {
    border-start-start-radius: 6px;
  }
  .message.visitor .bubble {
    border-start-start-radius: 18px;
    border-end-start-radius: 18px;
  }
  .message.visitor:not(.last) .bubble {
    border-end-end-radius: 6px;
  }
  .message.visitor:not(.first) .bubble {
    border-start-end-radius: 6px;
  }
  .failed .bubble {
    background: var(--c-bad-soft);
    color: var(--c-text);
  }
  .meta {
    margin: 3px 6px 0;
    min-height: 19px;
    display: flex;
    align-items: center;
    gap: 7px;
    font-size: 12px;
    line-height: 19px;
    color: var(--c-faint);
    font-variant-numeric: tabular-nums;
  }
  .meta.bad {
    color: var(--c-bad);
    font-weight: 550;
  }
  .meta .icon {
    width: 15px;
    height: 15px;
  }
  .retry {
    text-decoration: underline;
    text-underline-offset: 2px;
    font-weight: 650;
    min-height: 24px;
    padding-inline: 4px;
  }
`;

const motion = css`
  .dots {
    display: flex;
    gap: 4px;
    padding: 14px;
  }
  .dots i,
  .loading i {
    width: 7px;
    height: 7px;
    border-radius: 50%;
    background: currentColor;
    opacity: 0.35;
    animation: hop 1.2s ease-in-out infinite;
  }
  .dots i:nth-child(2),
  .loading i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .dots i:nth-child(3),
  .loading i:nth-child(3) {
    animation-delay: 0.3s;
  }
  @keyframes hop {
    30% {
      opacity: 0.9;
      transform: translateY(-3px);
    }
    60% {
      opacity: 0.35;
      transform: none;
    }
  }
  .loading {
    position: absolute;
    inset: 0;
    display: flex;
    gap: 6px;
    align-items: center;
    justify-content: center;
    color: var(--c-soft);
  }
  @media (forced-colors: active) {
    .bubble,
    .chip,
    .card {
      border: 1px solid;
    }
  }
`;

export const listStyles = [base, avatarStyles, textStyles, list, bubbles, richStyles, motion];
