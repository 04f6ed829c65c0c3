import { css } from 'lit';

export const richStyles = css`
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 7px;
    padding-block: 6px 2px;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 36px;
    padding: 6px 14px;
    border-radius: 18px;
    border: 1px solid var(--c-accent-text);
    background: var(--c-bg);
    color: var(--c-accent-text);
    font-size: 14px;
    font-weight: 550;
    line-height: 1.3;
    text-align: start;
    text-decoration: none;
    overflow-wrap: anywhere;
  }
  .chip:hover {
    background: var(--c-accent-soft);
  }
  .chip[aria-disabled='true'] {
    border-color: var(--c-line);
    color: var(--c-faint);
    background: transparent;
    cursor: default;
  }
  .chip.chosen[aria-disabled='true'] {
    border-color: transparent;
    background: var(--c-accent-soft);
    color: var(--c-text);
  }
  .out {
    font-size: 0.85em;
    opacity: 0.8;
  }
  .card {
    width: 262px;
    max-width: 100%;
    margin-block: 2px;
    border: 1px solid var(--c-line);
    border-radius: 16px;
    overflow: hidden;
    background: var(--c-bg);
  }
  .card > img {
    display: block;
    width: 100%;
    aspect-ratio: 16 / 9;
    object-fit: cover;
    background: var(--c-sunken);
  }
  .picture img {
    display: block;
    max-width: 100%;
    min-height: 80px;
    max-height: 260px;
    border-radius: 16px;
    background: var(--c-sunken);
  }
  img.broken {
    aspect-ratio: auto;
    min-height: 0;
    padding: 12px 14px;
    font-size: 13px;
    color: var(--c-soft);
  }
  img.broken[alt=''] {
    display: none;
  }
  .card-words {
    padding: 12px 14px;
  }
  .card-words:empty {
    display: none;
  }
  .card-title {
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  .card .card-words .text + .text {
    margin-block-start: 3px;
  }
  .card-soft {
    font-size: 13.5px;
    color: var(--c-soft);
  }
  .card-buttons {
    display: flex;
    flex-direction: column;
    border-block-start: 1px solid var(--c-line);
  }
  .card-button {
    display: flex;
    justify-content: center;
    align-items: center;
    gap: 6px;
    min-height: 42px;
    padding: 8px 14px;
    font-size: 14px;
    font-weight: 600;
    color: var(--c-accent-text);
    text-align: center;
    text-decoration: none;
    overflow-wrap: anywhere;
  }
  .card-button + .card-button {
    border-block-start: 1px solid var(--c-line);
  }
  .card-button:hover {
    background: var(--c-surface);
  }
  .card-button:focus-visible {
    outline-offset: -3px;
    border-radius: 16px;
  }
  .card-button[aria-disabled='true'] {
    color: var(--c-faint);
    cursor: default;
  }
  .card-button.chosen[aria-disabled='true'] {
    color: var(--c-text);
    background: var(--c-accent-soft);
  }
`;
