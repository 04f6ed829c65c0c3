import { css } from 'lit';
import { base } from '@baton/ui/tokens';

const box = css`
  :host {
    display: block;
    padding: 8px 12px max(12px, env(safe-area-inset-bottom));
    background: var(--c-bg);
  }
  .box {
    display: flex;
    align-items: flex-end;
    gap: 6px;
    padding-block: 5px;
    padding-inline: 14px 5px;
    border: 1px solid var(--c-line-strong);
    border-radius: 22px;
    background: var(--c-bg);
    transition:
      border-color 0.12s,
      box-shadow 0.12s;
  }
  .box:focus-within {
    border-color: var(--c-accent-text);
    box-shadow: 0 0 0 1px var(--c-accent-text);
  }
  textarea {
    flex: 1;
    min-width: 0;
    margin: 0;
    padding: 6px 0;
    border: 0;
    outline: 0;
    resize: none;
    background: none;
    color: var(--c-text);
    font-size: 16px;
    line-height: 1.4;
    min-height: 34px;
    max-height: 140px;
    field-sizing: content;
    scrollbar-width: thin;
  }
  textarea:focus-visible {
    outline: 0;
  }
  textarea::placeholder {
    color: var(--c-faint);
    opacity: 1;
  }
  .send {
    flex: none;
    display: grid;
    place-items: center;
    width: 34px;
    height: 34px;
    border-radius: 50%;
    background: var(--c-accent);
    color: var(--c-on-accent);
    transition:
      background 0.12s,
      transform 0.12s;
  }
  .send .icon {
    width: 19px;
    height: 19px;
  }
  .send:active {
    transform: scale(0.93);
  }
  .send[aria-disabled='true'] {
    background: var(--c-sunken);
    color: var(--c-faint);
    cursor: default;
  }
  .room {
    margin: 6px 14px 0;
    font-size: 12.5px;
    color: var(--c-soft);
  }
  .room.over {
    color: var(--c-bad);
  }
  @media (forced-colors: active) {
    .box:focus-within {
      outline: 2px solid Highlight;
    }
    .send {
      border: 1px solid ButtonText;
    }
  }
`;

export const composerStyles = [base, box];
