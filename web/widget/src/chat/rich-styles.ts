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
  .card-title {
    margin: 0;
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
  .card-press,
  .item {
    padding: 0;
    text-align: start;
    color: var(--c-accent-text);
    font: inherit;
    text-decoration: none;
    overflow-wrap: anywhere;
  }
  .card-press:hover {
    text-decoration: underline;
    text-underline-offset: 0.15em;
  }
  .card-press[aria-disabled='true'] {
    color: inherit;
    text-decoration: none;
    cursor: default;
  }
  .carousel {
    display: flex;
    gap: 8px;
    width: 100%;
    padding-block: 2px 6px;
    overflow-x: auto;
    scroll-snap-type: x proximity;
    scrollbar-width: thin;
  }
  .carousel > .card {
    flex: none;
    display: flex;
    flex-direction: column;
    width: min(230px, 88%);
    scroll-snap-align: start;
  }
  .carousel > .card > .card-buttons {
    margin-block-start: auto;
  }
  .items,
  .table {
    width: 100%;
    margin-block: 2px;
    border: 1px solid var(--c-line);
    border-radius: 16px;
    overflow: hidden;
    background: var(--c-bg);
  }
  .items > p,
  .table > p {
    margin: 0;
    padding-inline: 14px;
  }
  .items > p:first-child,
  .table > p:first-of-type {
    padding-block-start: 12px;
  }
  .items ul {
    list-style: none;
    margin: 0;
    padding: 4px 0;
  }
  .items li + li {
    border-block-start: 1px solid var(--c-line);
  }
  .item {
    display: flex;
    align-items: center;
    gap: 10px;
    width: 100%;
    min-height: 44px;
    padding: 9px 14px;
  }
  a.item:hover,
  button.item:hover:not([aria-disabled='true']) {
    background: var(--c-surface);
  }
  .item img {
    flex: none;
    width: 44px;
    height: 44px;
    border-radius: 8px;
    object-fit: cover;
    background: var(--c-sunken);
  }
  .item-words {
    flex: 1;
    min-width: 0;
    display: flex;
    flex-direction: column;
  }
  .item-title {
    font-weight: 600;
  }
  div.item,
  .item[aria-disabled='true'] {
    color: var(--c-text);
    cursor: default;
  }
  .item.chosen[aria-disabled='true'] {
    background: var(--c-accent-soft);
  }
  .items button:focus-visible,
  .items a:focus-visible {
    outline-offset: -3px;
    border-radius: 12px;
  }
  .media {
    max-width: 100%;
    margin-block: 2px;
  }
  .media > p {
    margin: 4px 2px 0;
  }
  .media > img {
    display: block;
    max-width: 100%;
    min-height: 80px;
    max-height: 260px;
    border-radius: 16px;
    background: var(--c-sunken);
  }
  .embed {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 44px;
    padding: 9px 14px;
    color: var(--c-accent-text);
    font-weight: 600;
    text-decoration: none;
    overflow-wrap: anywhere;
  }
  .media > img + .embed {
    margin-block-start: 6px;
  }
  .media > .embed {
    border: 1px solid var(--c-line);
    border-radius: 16px;
  }
  .card > .embed {
    background: var(--c-surface);
    border-block-end: 1px solid var(--c-line);
  }
  .play {
    display: grid;
    place-items: center;
    flex: none;
    width: 26px;
    height: 26px;
    border-radius: 50%;
    background: var(--c-accent);
    color: var(--c-on-accent);
    font-size: 11px;
  }
  .sheet {
    overflow-x: auto;
    margin-block: 8px;
    scrollbar-width: thin;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: 14px;
  }
  th,
  td {
    padding: 6px 14px;
    text-align: start;
    vertical-align: top;
  }
  th {
    font-weight: 600;
    color: var(--c-soft);
    border-block-end: 1px solid var(--c-line);
  }
  .divided > td {
    border-block-end: 1px solid var(--c-line);
  }
  th.center,
  td.center {
    text-align: center;
  }
  th.end,
  td.end {
    text-align: end;
    font-variant-numeric: tabular-nums;
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
