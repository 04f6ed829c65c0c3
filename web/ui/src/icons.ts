import { svg, html, type TemplateResult } from 'lit';

const draw = (paths: TemplateResult): TemplateResult =>
  html`<svg
    class="icon"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.9"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;

/** All icons have one stroke width on a 24 pixel grid. Style sheets set their size. */
export const icons = {
  /** The logo: a baton between two hands. */
  baton: draw(svg`<path d="M7.2 16.8 16.8 7.2" stroke-width="4.6"/>
    <path d="M4 12.4A8 8 0 0 1 12.4 4" opacity=".55"/><path d="M20 11.6a8 8 0 0 1-8.4 8.4" opacity=".55"/>`),
  close: draw(svg`<path d="M6 6l12 12M18 6 6 18"/>`),
  down: draw(svg`<path d="m6 9.5 6 6 6-6"/>`),
  back: draw(svg`<path d="m14.5 6-6 6 6 6"/>`),
  send: draw(svg`<path d="M12 19V5.5M6 11l6-6 6 6"/>`),
  retry: draw(svg`<path d="M4.5 12a7.5 7.5 0 1 0 2.4-5.5L4.5 8.7"/><path d="M4.5 4.2v4.5H9"/>`),
  alert: draw(svg`<circle cx="12" cy="12" r="8.6"/><path d="M12 7.8v5M12 16.1v.1"/>`),
  clock: draw(svg`<circle cx="12" cy="12" r="8.6"/><path d="M12 7.2V12l3 2"/>`),
  flame: draw(
    svg`<path d="M12 3.2c.6 3.6 5.6 5.6 5.6 10.6a5.6 5.6 0 0 1-11.2 0c0-2 .9-3.3 2-4.5.3 1.6 1 2.3 1.9 2.6C9.8 9 10.5 5.6 12 3.2Z"/>`,
  ),
  check: draw(svg`<path d="m5.5 12.6 4.2 4.2L18.5 8"/>`),
  checks: draw(svg`<path d="m2.8 12.8 3.9 3.9L15 8.4"/><path d="m12.4 16.3.4.4L21.1 8.4"/>`),
  link: draw(svg`<path d="M8 16 16.5 7.5M9.5 7.5h7v7"/>`),
  info: draw(svg`<circle cx="12" cy="12" r="8.6"/><path d="M12 11v5M12 7.9v.1"/>`),
  bell: draw(
    svg`<path d="M6.5 16.5h11c-1-1.2-1.5-2.4-1.5-5.5a4 4 0 0 0-8 0c0 3.1-.5 4.3-1.5 5.5ZM10.3 19.6a1.9 1.9 0 0 0 3.4 0"/>`,
  ),
  bellOff: draw(
    svg`<path d="M8.5 8.3C8.2 9 8 9.9 8 11c0 3.1-.5 4.3-1.5 5.5h10M16 13.2c-.1-.6 0-1.4 0-2.2a4 4 0 0 0-5.3-3.8M10.3 19.6a1.9 1.9 0 0 0 3.4 0M4 4l16 16"/>`,
  ),
  help: draw(
    svg`<circle cx="12" cy="12" r="8.6"/><path d="M9.7 9.7a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.2.9-1.2 1.7M12 16.4v.1"/>`,
  ),
  leave: draw(
    svg`<path d="M10 4.5H6.5a1.5 1.5 0 0 0-1.5 1.5v12a1.5 1.5 0 0 0 1.5 1.5H10M14 8l4 4-4 4M18 12H9.5"/>`,
  ),
  inbox: draw(
    svg`<path d="M4 13.5 6.3 6h11.4L20 13.5V18H4Z"/><path d="M4 13.5h4.5a3.5 3.5 0 0 0 7 0H20"/>`,
  ),
  user: draw(
    svg`<circle cx="12" cy="8.5" r="3.6"/><path d="M5 19.5c.8-3.4 3.5-5 7-5s6.2 1.6 7 5"/>`,
  ),
} satisfies Record<string, TemplateResult>;
