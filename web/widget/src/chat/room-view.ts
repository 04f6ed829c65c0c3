import { html, nothing, type TemplateResult } from 'lit';
import type { Strings } from '../strings.js';

/** Says below the input how much room is left. Screen readers hear only that it is too long. */
export function roomView(room: number | null, strings: Strings): TemplateResult {
  const tooLong = room !== null && room < 0;
  const text = tooLong ? strings.tooLong(-room) : strings.room(room ?? 0);
  return html`${
      room === null
        ? nothing
        : html`<p id="room" class="room ${tooLong ? 'over' : ''}" dir="auto">${text}</p>`
    }<span class="off-screen" role="alert">${tooLong ? strings.full : ''}</span>`;
}
