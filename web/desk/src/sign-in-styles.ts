import { css } from 'lit';
import { shared } from './shared-styles.js';

const signIn = css`
  :host {
    flex: 1;
    display: block;
    overflow-y: auto;
  }
  main {
    min-height: 100%;
    display: grid;
    place-items: center;
    padding: 24px 16px;
  }
  form {
    width: min(380px, 100%);
    display: flex;
    flex-direction: column;
    padding: 32px;
    border: 1px solid var(--c-line);
    border-radius: 20px;
    background: var(--c-bg);
    box-shadow:
      0 1px 2px rgb(var(--c-shadow) / 0.05),
      0 20px 50px -20px rgb(var(--c-shadow) / 0.22);
  }
  .mark {
    width: 44px;
    height: 44px;
    border-radius: 14px;
    margin-block-end: 18px;
  }
  h1 {
    font-size: 20px;
    font-weight: 680;
    letter-spacing: -0.02em;
  }
  .lead {
    margin-block: 3px 22px;
    color: var(--c-soft);
  }
  label {
    margin-block-end: 6px;
    font-size: 13px;
    font-weight: 600;
  }
  input {
    margin-block-end: 16px;
    padding: 9px 12px;
    border: 1px solid var(--c-line-strong);
    border-radius: 10px;
    background: var(--c-bg);
    color: var(--c-text);
    font-size: 16px;
  }
  input:focus-visible {
    outline-offset: -1px;
  }
  .problem {
    display: flex;
    gap: 7px;
    color: var(--c-bad);
    font-size: 13.5px;
    font-weight: 550;
  }
  .problem:has(span) {
    margin-block-end: 16px;
  }
  .problem .icon {
    flex: none;
    width: 18px;
    height: 18px;
    margin-block-start: 1px;
  }
  .primary {
    min-height: 42px;
  }
`;

export const signInStyles = [shared, signIn];
