import { html, nothing, type TemplateResult } from 'lit';
import type { Media } from '@baton/client/rich';
import { safeImage } from '@baton/client/text';
import type { Words } from '../words.js';

/**
 * Pictures are shown; sounds, films and players are links, because a host page with a strict policy
 * allows neither media nor frames of others, and says so as soon as one names its source.
 */
export function mediaView(
  media: Media,
  words: Words,
  small = false,
): TemplateResult | typeof nothing {
  const src = safeImage(media.url);
  if (src === null) return nothing;
  const name = media.title || media.alt || '';
  if (media.kind === 'image') return pictureView(src, media.alt ?? '');
  if (small) return nothing;
  const poster = safeImage(media.poster);
  const what = { audio: words.audio, video: words.video, embed: '' }[media.kind];
  return html`${poster ? pictureView(poster, '') : nothing}
    <a class="embed" href=${src} target="_blank" rel="noopener noreferrer">
      <span class="play" aria-hidden="true">▶</span
      ><span dir="auto">${name || what || words.watch(new URL(src).hostname)}</span
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
