import { html, nothing, type TemplateResult } from 'lit';
import type { Media } from '@baton/client/rich';
import { safeImage } from '@baton/client/text';
import type { Words } from '../words.js';

/**
 * Pictures, sounds and films. Nothing but pictures is fetched before it is asked for, and a page
 * made to be framed stays a link: many host pages allow no frames.
 */
export function mediaView(
  media: Media,
  words: Words,
  small = false,
): TemplateResult | typeof nothing {
  const src = safeImage(media.url);
  if (src === null) return nothing;
  const name = media.alt || media.title || '';
  if (media.kind === 'image') return pictureView(src, media.alt ?? '');
  if (small) return nothing;
  const poster = safeImage(media.poster) ?? nothing;
  switch (media.kind) {
    case 'audio':
      return html`${poster === nothing ? nothing : pictureView(poster as string, '')}
        <audio controls preload="none" src=${src} aria-label=${name || words.audio}></audio>`;
    case 'video':
      return html`<video
        controls
        preload="none"
        playsinline
        src=${src}
        poster=${poster}
        aria-label=${name || words.video}
      ></video>`;
    default:
      return html`<a class="embed" href=${src} target="_blank" rel="noopener noreferrer">
        <span class="play" aria-hidden="true">▶</span
        ><span dir="auto">${name || words.watch(new URL(src).hostname)}</span
        ><span class="out" aria-hidden="true">↗</span>
      </a>`;
  }
}

function pictureView(src: string, alt: string): TemplateResult {
  return html`<img
    src=${src}
    alt=${alt}
    loading="lazy"
    referrerpolicy="no-referrer"
    @error=${(event: Event) => (event.target as HTMLElement).classList.add('broken')}
  />`;
}
