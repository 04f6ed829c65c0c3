import { css } from 'lit';
import { textStyles } from '@baton/ui/text';
import { base } from '@baton/ui/tokens';

const form = css`
  :host {
    display: block;
    width: 100%;
    margin-block: 2px;
    padding: 14px;
    border: 1px solid var(--c-line);
    border-radius: 16px;
    background: var(--c-bg);
  }
  .title {
    margin: 0;
    overflow-wrap: anywhere;
    font-weight: 650;
  }
  .soft,
  .helper {
    font-size: 13.5px;
    color: var(--c-soft);
  }
  .fields {
    display: flex;
    flex-direction: column;
    gap: 14px;
    margin-block: 14px;
  }
  .label {
    display: block;
    margin: 0 0 4px;
    font-size: 14px;
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  .control {
    display: block;
    width: 100%;
    min-width: 0;
    min-height: 42px;
    padding: 8px 11px;
    border: 1px solid var(--c-line-strong);
    border-radius: 10px;
    background: var(--c-bg);
    color: var(--c-text);
    font: inherit;
    font-size: 16px;
    line-height: 1.35;
  }
  textarea.control {
    resize: vertical;
  }
  .control[type='color'] {
    padding: 4px;
  }
  .control[aria-invalid='true'] {
    border-color: var(--c-bad);
    box-shadow: 0 0 0 1px var(--c-bad);
  }
  .tick {
    display: flex;
    align-items: flex-start;
    gap: 9px;
    min-height: 32px;
    padding-block: 5px;
    font-size: 14.5px;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  .tick input {
    flex: none;
    width: 18px;
    height: 18px;
    margin: 1px 0 0;
    accent-color: var(--c-accent);
  }
  .helper,
  .fault {
    margin-block-start: 4px;
  }
  .fault {
    font-size: 13.5px;
    font-weight: 550;
    color: var(--c-bad);
  }
  .ends {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .go,
  .cancel {
    min-height: 40px;
    padding: 8px 18px;
    border-radius: 20px;
    font-size: 14.5px;
    font-weight: 600;
  }
  .go {
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .cancel {
    border: 1px solid var(--c-line-strong);
    color: var(--c-text);
  }
`;

export const formStyles = [base, textStyles, form];
