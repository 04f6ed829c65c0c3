import { css } from 'lit';
import { shared } from './shared-styles.js';

const reply = css`
  :host {
    display: block;
    width: 100%;
    max-width: 800px;
    margin-inline: auto;
    padding: 4px 20px 18px;
  }
  form {
    border: 1px solid var(--c-line-strong);
    border-radius: 14px;
    background: var(--c-bg);
  }
  form:focus-within {
    border-color: var(--c-accent-text);
    box-shadow: 0 0 0 1px var(--c-accent-text);
  }
  textarea {
    display: block;
    width: 100%;
    min-height: 44px;
    max-height: 220px;
    padding: 12px 14px 4px;
    border: 0;
    resize: none;
    background: none;
    color: var(--c-text);
    line-height: 1.45;
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
  .bar {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 12px;
    padding: 4px 6px 6px 14px;
  }
  .hint {
    font-size: 12px;
    color: var(--c-faint);
  }
  .hint.over {
    color: var(--c-bad);
  }
  .primary {
    min-height: 32px;
    padding: 0 10px 0 13px;
    border-radius: 9px;
    font-size: 13.5px;
  }
  @media (max-width: 719px) {
    :host {
      padding: 4px 12px max(12px, env(safe-area-inset-bottom));
    }
    textarea {
      font-size: 16px;
    }
    .hint:has(kbd) {
      visibility: hidden;
    }
    .primary {
      min-height: 40px;
      padding-inline: 16px 13px;
    }
  }
`;

export const replyStyles = [shared, reply];
