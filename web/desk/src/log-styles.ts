import { css } from 'lit';
import { textStyles } from '@baton/ui/text';
import { shared } from './shared-styles.js';

const log = css`
  :host {
    display: block;
  }
  .scroller {
    height: 100%;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
  }
  .scroller:focus-visible {
    outline-offset: -3px;
  }
  .column {
    max-width: 760px;
    margin-inline: auto;
    padding: 20px 20px 16px;
  }
  .before {
    padding: 14px 16px 15px;
    border: 1px solid var(--c-line);
    border-radius: 14px;
    background: var(--c-surface);
    font-size: 13px;
  }
  h3 {
    font-size: 12px;
    font-weight: 600;
    color: var(--c-faint);
    margin-block-end: 8px;
  }
  dl {
    margin: 0;
    display: grid;
    gap: 6px;
  }
  dl div {
    display: grid;
    grid-template-columns: 92px minmax(0, 1fr);
    gap: 10px;
  }
  dt {
    color: var(--c-faint);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  dd {
    margin: 0;
    color: var(--c-soft);
  }
  .visitor dd {
    color: var(--c-text);
    font-weight: 500;
  }
  .handover {
    display: flex;
    align-items: center;
    gap: 14px;
    margin-block: 18px;
    font-size: 12px;
    font-weight: 600;
    color: var(--c-faint);
  }
  .handover::before,
  .handover::after {
    content: '';
    flex: 1;
    height: 1px;
    background: var(--c-line);
  }
  ol {
    list-style: none;
    margin: 0;
    padding: 0;
    display: flex;
    flex-direction: column;
    gap: 3px;
  }
  .status {
    align-self: center;
    margin-block: 8px;
    font-size: 12.5px;
    color: var(--c-faint);
    text-align: center;
  }
`;

const bubbles = css`
  .message {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    max-width: 100%;
  }
  .message.agent {
    align-items: flex-end;
  }
  .message.first:not(:first-child) {
    margin-block-start: 9px;
  }
  .bubble {
    max-width: min(560px, 84%);
    padding: 8px 13px;
    border-radius: 16px;
    background: var(--c-sunken);
  }
  .agent .bubble {
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .visitor:not(.last) .bubble {
    border-end-start-radius: 6px;
  }
  .visitor:not(.first) .bubble {
    border-start-start-radius: 6px;
  }
  .agent:not(.last) .bubble {
    border-end-end-radius: 6px;
  }
  .agent:not(.first) .bubble {
    border-start-end-radius: 6px;
  }
  .broken .bubble {
    background: var(--c-bad-soft);
    color: var(--c-text);
  }
  .meta {
    display: flex;
    align-items: center;
    gap: 7px;
    margin: 3px 4px 0;
    font-size: 12px;
    line-height: 18px;
    color: var(--c-faint);
    font-variant-numeric: tabular-nums;
  }
  .delivery {
    display: inline-flex;
    align-items: center;
    gap: 3px;
  }
  .meta .icon {
    width: 15px;
    height: 15px;
  }
  .meta[data-delivery='delivered'] .delivery {
    color: var(--c-accent-text);
  }
  .meta.bad {
    color: var(--c-bad);
    font-weight: 550;
    flex-wrap: wrap;
    justify-content: flex-end;
  }
  .meta.bad button {
    min-height: 24px;
    padding-inline: 4px;
    text-decoration: underline;
    text-underline-offset: 2px;
    font-weight: 600;
  }
  .typing {
    display: flex;
    align-items: center;
    gap: 4px;
    margin-block-start: 12px;
    font-size: 13px;
    color: var(--c-soft);
  }
  .typing span {
    margin-inline-start: 5px;
  }
  .typing i {
    width: 6px;
    height: 6px;
    border-radius: 50%;
    background: var(--c-accent-text);
    opacity: 0.35;
    animation: hop 1.2s ease-in-out infinite;
  }
  .typing i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .typing i:nth-child(3) {
    animation-delay: 0.3s;
  }
  @keyframes hop {
    30% {
      opacity: 1;
      transform: translateY(-3px);
    }
    60% {
      opacity: 0.35;
      transform: none;
    }
  }
  @media (max-width: 719px) {
    .column {
      padding: 14px 12px;
    }
    .bubble {
      font-size: 15px;
    }
    dl div {
      grid-template-columns: minmax(0, 1fr);
      gap: 0;
    }
  }
  @media (forced-colors: active) {
    .bubble {
      border: 1px solid;
    }
  }
`;

export const logStyles = [shared, textStyles, log, bubbles];
