import { css } from 'lit';
import { shared } from './shared-styles.js';

const frame = css`
  :host {
    display: flex;
    flex-direction: column;
    background: var(--c-surface);
  }
  header {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 14px 14px 12px 16px;
  }
  h2 {
    flex: 1;
    font-size: 16px;
    font-weight: 650;
    letter-spacing: -0.012em;
  }
  .availability {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    min-height: 30px;
    padding: 3px 10px 3px 6px;
    border-radius: 20px;
    font-size: 13px;
    font-weight: 550;
    color: var(--c-soft);
  }
  .availability:hover {
    background: var(--c-hover);
  }
  .track {
    width: 30px;
    height: 18px;
    padding: 2px;
    border-radius: 10px;
    background: var(--c-line-strong);
    transition: background 0.15s;
  }
  .knob {
    display: block;
    width: 14px;
    height: 14px;
    border-radius: 50%;
    background: #fff;
    transition: transform 0.15s;
  }
  [aria-checked='true'] .track {
    background: var(--c-accent);
  }
  [aria-checked='true'] .knob {
    transform: translateX(12px);
  }
  [aria-checked='true'] .word {
    color: var(--c-accent-text);
  }
  nav {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    padding: 0 8px 12px;
    scrollbar-width: thin;
  }
  section + section {
    margin-block-start: 14px;
  }
  h3 {
    padding: 6px 8px;
    font-size: 12px;
    font-weight: 600;
    color: var(--c-faint);
  }
  .count {
    font-variant-numeric: tabular-nums;
    font-weight: 500;
    margin-inline-start: 3px;
  }
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: flex;
    flex-direction: column;
    gap: 1px;
  }
  footer {
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 9px 10px 9px 16px;
    border-block-start: 1px solid var(--c-line);
  }
  .me {
    flex: 1;
    min-width: 0;
    margin-inline-start: 8px;
    font-weight: 550;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .tool[aria-pressed='true'] {
    color: var(--c-accent-text);
  }
`;

const row = css`
  .row {
    --avatar: 34px;
    display: grid;
    grid-template-columns: auto minmax(0, 1fr) auto;
    column-gap: 10px;
    row-gap: 1px;
    align-items: center;
    padding: 9px 10px 9px 8px;
    border-radius: 10px;
    color: inherit;
    text-decoration: none;
  }
  .row:hover {
    background: var(--c-sunken);
  }
  .row[aria-current] {
    background: var(--c-hover);
  }
  .row:focus-visible {
    outline-offset: -2px;
  }
  .row .avatar {
    grid-row: span 2;
  }
  .who {
    display: flex;
    align-items: baseline;
    gap: 6px;
    min-width: 0;
  }
  .name {
    font-weight: 600;
    letter-spacing: -0.006em;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .draft {
    font-size: 12px;
    font-weight: 550;
    color: var(--c-warn);
  }
  .side {
    display: flex;
    gap: 6px;
    align-items: center;
    min-height: 22px;
  }
  .unread {
    min-width: 20px;
    padding: 0 6px;
    border-radius: 10px;
    font-size: 12px;
    font-weight: 650;
    line-height: 20px;
    text-align: center;
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .ended {
    font-size: 12px;
    color: var(--c-faint);
  }
  .preview {
    grid-column: 2 / -1;
    font-size: 13px;
    color: var(--c-soft);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .preview em {
    color: var(--c-accent-text);
    font-style: normal;
  }
  .closed .name {
    font-weight: 500;
    color: var(--c-soft);
  }
  .closed .avatar,
  .others .avatar {
    filter: saturate(0.35);
  }
`;

const none = css`
  .empty {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 4px;
    padding: 64px 24px;
    text-align: center;
    font-weight: 600;
  }
  .empty span {
    display: grid;
    place-items: center;
    width: 52px;
    height: 52px;
    margin-block-end: 8px;
    border-radius: 16px;
    background: var(--c-sunken);
    color: var(--c-soft);
  }
  .empty .icon {
    width: 26px;
    height: 26px;
  }
  .soft {
    font-weight: 400;
    font-size: 13px;
    color: var(--c-soft);
  }
  .ghosts i {
    display: block;
    height: 52px;
    margin: 6px 4px;
    border-radius: 10px;
    background: var(--c-sunken);
    animation: breathe 1.4s ease-in-out infinite;
  }
  @keyframes breathe {
    50% {
      opacity: 0.45;
    }
  }
  @media (forced-colors: active) {
    .row[aria-current] {
      outline: 2px solid Highlight;
    }
    .track {
      border: 1px solid ButtonText;
    }
    .knob {
      background: ButtonText;
    }
  }
`;

export const queueStyles = [shared, frame, row, none];
