import { css, unsafeCSS, type CSSResult } from 'lit';

const light = `
  --c-bg: #ffffff; --c-surface: #f8f8f6; --c-sunken: #f0f0ed; --c-hover: #ebebe7;
  --c-line: #e5e5e0; --c-line-strong: #8b8d85;
  --c-text: #1b1d1a; --c-soft: #585b54; --c-faint: #63665f;
  --c-accent: var(--baton-accent, #0d6b5b); --c-on-accent: var(--baton-on-accent, #ffffff);
  --c-accent-text: var(--baton-accent-text, #0b5e50); --c-accent-soft: #e2f0ec;
  --c-warn: #7d4c00; --c-warn-soft: #fcf0d9; --c-bad: #b0241c; --c-bad-soft: #fdebe9;
  --c-good: #19744a; --c-shadow: 22 26 22;
`;

const dark = `
  --c-bg: #161715; --c-surface: #1c1d1b; --c-sunken: #262825; --c-hover: #2e302c;
  --c-line: #2f312d; --c-line-strong: #7d8078;
  --c-text: #eeeee9; --c-soft: #b0b3aa; --c-faint: #a1a49b;
  --c-accent: var(--baton-accent, #12806b); --c-on-accent: var(--baton-on-accent, #ffffff);
  --c-accent-text: var(--baton-accent-text, #6fd8bf); --c-accent-soft: #17332d;
  --c-warn: #f0b95b; --c-warn-soft: #3a2c12; --c-bad: #ff9b91; --c-bad-soft: #43201d;
  --c-good: #67d39b; --c-shadow: 0 0 0;
`;

/** Colours by role. `theme="light"` or `"dark"` on the host overrides the system setting. */
export const tokens: CSSResult = css`
  :host {
    ${unsafeCSS(light)}
    color-scheme: light;
  }
  @media (prefers-color-scheme: dark) {
    :host {
      ${unsafeCSS(dark)}
      color-scheme: dark;
    }
    :host([theme='light']) {
      ${unsafeCSS(light)}
      color-scheme: light;
    }
  }
  :host([theme='dark']) {
    ${unsafeCSS(dark)}
    color-scheme: dark;
  }
  /* Text on the page's own accent colour: white or black, whichever has more contrast. */
  @supports (color: oklch(from red l c h)) {
    :host,
    :host([theme]) {
      --c-on-accent: var(
        --baton-on-accent,
        oklch(from var(--c-accent) clamp(0, (0.57 - l) * 1000, 1) 0 0)
      );
    }
  }
`;

/** The base styles of every shadow root. */
export const base: CSSResult = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  button,
  textarea,
  input {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  :focus-visible {
    outline: 2px solid var(--c-accent-text);
    outline-offset: 2px;
  }
  [hidden] {
    display: none !important;
  }
  .off-screen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 1ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 1ms !important;
      scroll-behavior: auto !important;
    }
  }
`;
