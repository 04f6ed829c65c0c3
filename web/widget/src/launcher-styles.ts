export const launcherStyles = `
:host {
  all: initial;
  position: static;
  --size: var(--baton-launcher-size, 56px);
  --accent: var(--baton-accent, #0d6b5b);
  --on-accent: var(--baton-on-accent, #fff);
}
@supports (color: oklch(from red l c h)) {
  :host {
    --readable: oklch(from var(--accent) clamp(0, (.57 - l) * 1000, 1) 0 0);
    --on-accent: var(--baton-on-accent, var(--readable));
  }
}
.launcher {
  position: fixed;
  inset-block-end: var(--baton-inset-block, 20px);
  inset-inline-end: var(--baton-inset-inline, 20px);
  z-index: var(--baton-z, 2147482000);
  box-sizing: border-box;
  width: var(--size);
  height: var(--size);
  padding: 0;
  border: 1px solid transparent;
  border-radius: 50%;
  background: var(--accent);
  color: var(--on-accent);
  box-shadow: 0 1px 2px rgb(16 24 20 / .2), 0 8px 24px -6px rgb(16 24 20 / .38);
  cursor: pointer;
  transition: transform .18s cubic-bezier(.2,.9,.3,1.3), box-shadow .18s;
  -webkit-tap-highlight-color: transparent;
}
/* Rules of the page reach the host, but not this element: nothing is inherited from the page. */
.frame {
  all: initial;
  display: contents;
  user-select: text;
  -webkit-user-select: text;
}
:host([side='start']) .launcher {
  inset-inline: var(--baton-inset-inline, 20px) auto;
}
.launcher:hover { transform: scale(1.05); }
.launcher:active { transform: scale(.96); }
.launcher:focus-visible {
  outline: 3px solid var(--on-accent);
  outline-offset: -6px;
  box-shadow: 0 0 0 3px var(--accent), 0 8px 24px -6px rgb(16 24 20 / .38);
}
svg {
  position: absolute;
  inset: 0;
  margin: auto;
  width: 46%;
  height: 46%;
  fill: none;
  stroke: currentColor;
  stroke-width: 2;
  stroke-linecap: round;
  stroke-linejoin: round;
  transition: opacity .16s, transform .2s;
}
.fold { opacity: 0; transform: rotate(-60deg) scale(.7); }
:host([open]) .fold { opacity: 1; transform: none; }
:host([open]) .chat { opacity: 0; transform: rotate(40deg) scale(.7); }
[aria-busy='true'] svg { animation: breathe 1s ease-in-out infinite; }
@keyframes breathe { 50% { opacity: .35; } }
.badge {
  position: absolute;
  inset-block-start: -3px;
  inset-inline-end: -3px;
  min-width: 21px;
  height: 21px;
  box-sizing: border-box;
  padding: 0 6px;
  border-radius: 11px;
  border: 2px solid #fff;
  background: #c3281e;
  color: #fff;
  font: 700 11px/17px system-ui, sans-serif;
  text-align: center;
}
.badge[hidden] { display: none; }
@media (max-width: 480px) {
  :host([open]) .launcher { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  .launcher, svg { transition: none; animation: none; }
}
@media (forced-colors: active) {
  .launcher { border-color: ButtonText; }
}
@media print {
  .launcher { display: none; }
}
`;
