import { html, nothing, type TemplateResult } from 'lit';
import type { Media } from '@baton/client/rich';
import { safeImage } from '@baton/client/text';
import type { Strings } from '../strings.js';

/**
 * Images are shown. Audio, video and players are links: a host page with a strict content security
 * policy allows neither media nor frames of other hosts.
 */
export function mediaView(
  media: Media,
  strings: Strings,
  small = false,
): TemplateResult | typeof nothing {
  const src = safeImage(media.url);
  if (src === null) return nothing;
  const name = media.title || media.alt || '';
  if (media.kind === 'image') return pictureView(src, media.alt ?? '');
  if (small) return nothing;
  const poster = safeImage(media.poster);
  const what = { audio: strings.audio, video: strings.video, embed: '' }[media.kind];
  return html`${poster ? pictureView(poster, '') : nothing}
    <a class="embed" href=${src} target="_blank" rel="noopener noreferrer">
      <span class="play" aria-hidden="true">▶</span
      ><span dir="auto">${name || what || strings.watch(new URL(src).hostname)}</span
      ><span class="out" aria-hidden="true">↗</span>
    </a>`;
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
