import { css } from 'lit';
import { shared } from './shared-styles.js';

const chat = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
  }
  header {
    --avatar: 34px;
    display: flex;
    align-items: center;
    gap: 11px;
    min-height: 61px;
    padding: 10px 14px 10px 20px;
    border-block-end: 1px solid var(--c-line);
  }
  .who {
    flex: 1;
    min-width: 0;
  }
  h2 {
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.01em;
    line-height: 1.3;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .who p {
    font-size: 13px;
    line-height: 1.3;
    color: var(--c-soft);
  }
  .back {
    display: none;
  }
  .hand-back {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    min-height: 34px;
    padding: 0 13px 0 10px;
    border: 1px solid var(--c-line-strong);
    border-radius: 10px;
    font-size: 13.5px;
    font-weight: 600;
    white-space: nowrap;
  }
  .hand-back:hover {
    background: var(--c-hover);
  }
  .hand-back .icon {
    width: 18px;
    height: 18px;
    color: var(--c-accent-text);
  }
  desk-log {
    flex: 1;
    min-height: 0;
  }
  .foot {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 16px;
    margin: 0 20px 20px;
    padding: 14px 14px 14px 18px;
    border-radius: 14px;
    background: var(--c-accent-soft);
    font-weight: 550;
  }
  .foot.quiet {
    background: var(--c-surface);
    color: var(--c-soft);
    font-weight: 450;
  }
  .claim {
    flex: none;
    min-height: 40px;
  }
  .no-chat {
    flex: 1;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 6px;
    padding: 24px;
    text-align: center;
    color: var(--c-soft);
  }
  .no-chat h2 {
    color: var(--c-text);
  }
  .sign {
    display: grid;
    place-items: center;
    width: 60px;
    height: 60px;
    margin-block-end: 8px;
    border-radius: 19px;
    background: var(--c-sunken);
  }
  .sign .icon {
    width: 30px;
    height: 30px;
  }
  @media (max-width: 719px) {
    header {
      padding-inline: 8px 10px;
      gap: 8px;
    }
    .back {
      display: inline-grid;
      width: 40px;
      height: 40px;
    }
    .back .icon {
      width: 22px;
      height: 22px;
    }
    .foot {
      margin: 0 12px 12px;
    }
    kbd {
      display: none;
    }
  }
  @media (max-width: 460px) {
    header .avatar {
      display: none;
    }
    .hand-back {
      padding-inline: 10px;
    }
    .hand-back .icon {
      display: none;
    }
  }
  @media (max-width: 360px) {
    header {
      flex-wrap: wrap;
    }
  }
`;

export const chatStyles = [shared, chat];
