import { css, html, type TemplateResult } from 'lit';
import { safeImage } from '@baton/client/text';
import type { Profile } from '@baton/client/types';

const HUES = 6;

/** The profile's picture, or its initials on a colour that depends on the name. */
export function avatar(face: Profile): TemplateResult {
  const src = safeImage(face.avatarUrl);
  return html`<span class="avatar hue-${hueOf(face.name)}" aria-hidden="true">
    ${initialsOf(face.name)}
    ${
      src === null
        ? null
        : html`<img
            src=${src}
            alt=""
            referrerpolicy="no-referrer"
            loading="lazy"
            @error=${(event: Event) => (event.target as HTMLImageElement).remove()}
          />`
    }
  </span>`;
}

export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  if (first === undefined) return '?';
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return [first, last]
    .map((word) => /[\p{L}\p{N}]/u.exec(word ?? '')?.[0] ?? '')
    .join('')
    .toUpperCase();
}

function hueOf(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}

export const avatarStyles = css`
  .avatar {
    position: relative;
    display: inline-grid;
    place-items: center;
    flex: none;
    width: var(--avatar, 28px);
    height: var(--avatar, 28px);
    border-radius: 50%;
    overflow: hidden;
    font-size: calc(var(--avatar, 28px) * 0.38);
    font-weight: 650;
    letter-spacing: 0.01em;
    line-height: 1;
    user-select: none;
  }
  .avatar img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .hue-0 {
    background: #d6ebe4;
    color: #0a4f42;
  }
  .hue-1 {
    background: #dfe6f8;
    color: #2a3f7c;
  }
  .hue-2 {
    background: #f6e0d6;
    color: #7a3415;
  }
  .hue-3 {
    background: #ece0f5;
    color: #583077;
  }
  .hue-4 {
    background: #f5e8c8;
    color: #664800;
  }
  .hue-5 {
    background: #dceaf0;
    color: #1a4a5e;
  }
`;
