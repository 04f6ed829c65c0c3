import { css } from 'lit';
import { avatarStyles } from '@baton/ui/avatar';
import { base } from '@baton/ui/tokens';

const parts = css`
  h1,
  h2,
  h3,
  p {
    margin: 0;
  }
  .square.avatar {
    border-radius: 32%;
  }
  .avatar .icon {
    width: 58%;
    height: 58%;
  }
  .tool {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: 32px;
    height: 32px;
    border-radius: 8px;
    color: var(--c-soft);
    text-decoration: none;
  }
  .tool:hover {
    background: var(--c-hover);
    color: var(--c-text);
  }
  .tool .icon {
    width: 18px;
    height: 18px;
  }
  .primary {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 36px;
    padding: 0 16px;
    border-radius: 10px;
    font-weight: 600;
    background: var(--c-accent);
    color: var(--c-on-accent);
    border: 1px solid transparent;
  }
  .primary:hover {
    filter: brightness(1.08);
  }
  .primary[aria-disabled='true'] {
    background: var(--c-sunken);
    color: var(--c-faint);
    filter: none;
    cursor: default;
  }
  .primary .icon {
    width: 16px;
    height: 16px;
  }
  kbd {
    display: inline-block;
    min-width: 20px;
    padding: 0 5px;
    border: 1px solid currentColor;
    border-radius: 5px;
    font-family: inherit;
    font-size: 11px;
    font-weight: 600;
    line-height: 17px;
    text-align: center;
  }
  .mark {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: 28px;
    height: 28px;
    border-radius: 9px;
    background: var(--c-accent);
    color: var(--c-on-accent);
  }
  .mark .icon {
    width: 70%;
    height: 70%;
  }
  .wait {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    padding: 2px 7px 2px 5px;
    border-radius: 20px;
    font-size: 12px;
    font-weight: 600;
    line-height: 18px;
    font-variant-numeric: tabular-nums;
    color: var(--c-soft);
    background: var(--c-sunken);
    white-space: nowrap;
  }
  .wait .icon {
    width: 14px;
    height: 14px;
  }
  .wait.warning {
    color: var(--c-warn);
    background: var(--c-warn-soft);
  }
  .wait.critical {
    color: var(--c-bad);
    background: var(--c-bad-soft);
  }
`;

export const shared = [base, avatarStyles, parts];
