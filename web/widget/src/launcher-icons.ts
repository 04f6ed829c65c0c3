/** The launcher's two icons, made without a template library. */
export const CHAT_PATH =
  'M12 4c4.7 0 8.5 3.1 8.5 7s-3.8 7-8.5 7c-.9 0-1.8-.1-2.6-.3L5 20l1-3.500C4.4 15.2 3.5 13.2 3.5 11c0-3.9 3.8-7 8.5-7Z';
export const FOLD_PATH = 'm6 9.5 6 6 6-6';

export function iconElement(name: string, d: string): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const path = document.createElementNS(space, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', name);
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', d);
  svg.append(path);
  return svg;
}
