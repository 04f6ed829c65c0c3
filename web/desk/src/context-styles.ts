import { css } from 'lit';
import { shared } from './shared-styles.js';

const context = css`
  :host {
    display: block;
    overflow-y: auto;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    min-height: 61px;
    padding: 10px 12px 10px 20px;
    border-block-end: 1px solid var(--c-line);
  }
  h2 {
    font-size: 14px;
    font-weight: 650;
  }
  .person {
    --avatar: 52px;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 10px;
    padding: 24px 20px 20px;
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
    text-align: center;
  }
  section {
    padding: 16px 20px;
    border-block-start: 1px solid var(--c-line);
  }
  h3 {
    margin-block-end: 9px;
    font-size: 12px;
    font-weight: 600;
    color: var(--c-faint);
  }
  blockquote {
    margin: 0;
    padding: 9px 12px;
    border-radius: 10px;
    background: var(--c-sunken);
    font-size: 13.5px;
    overflow-wrap: anywhere;
  }
  dl {
    margin: 0;
    display: grid;
    gap: 7px;
    font-size: 13.5px;
  }
  dl div {
    display: grid;
    grid-template-columns: 84px minmax(0, 1fr);
    gap: 10px;
  }
  dt {
    color: var(--c-soft);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
`;

export const contextStyles = [shared, context];
