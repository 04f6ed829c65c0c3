import { css } from 'lit';
import { shared } from './shared-styles.js';

const help = css`
  dialog {
    width: min(420px, 100vw - 32px);
    padding: 0;
    border: 1px solid var(--c-line);
    border-radius: 18px;
    background: var(--c-bg);
    color: var(--c-text);
    box-shadow: 0 24px 80px rgb(0 0 0 / 0.3);
  }
  dialog::backdrop {
    background: rgb(14 18 15 / 0.42);
  }
  .sheet {
    padding: 18px 20px 20px;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-block-end: 8px;
  }
  h2 {
    font-size: 16px;
    letter-spacing: -0.012em;
  }
  dl {
    margin: 0;
  }
  dl div {
    display: flex;
    justify-content: space-between;
    padding: 7px 0;
    border-block-end: 1px solid var(--c-line);
  }
  dd {
    margin: 0;
    display: flex;
    gap: 4px;
    color: var(--c-soft);
  }
  kbd {
    min-width: 22px;
    line-height: 20px;
    text-transform: capitalize;
  }
  label {
    display: flex;
    gap: 9px;
    margin-block-start: 16px;
    font-size: 13px;
    color: var(--c-soft);
  }
  input {
    flex: none;
    width: 17px;
    height: 17px;
    margin: 1px 0 0;
    accent-color: var(--c-accent);
  }
`;

export const helpStyles = [shared, help];
