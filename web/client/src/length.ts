/** Longest text of one message, in characters (code points), as the server counts them. */
export const TEXT_MAX = 4_000;

/** The room that is left is shown from here on. */
const NEAR = TEXT_MAX * 0.9;

/** How many characters a message may still have: negative if too long, null far from the limit. */
export function roomOf(text: string): number | null {
  const sent = text.trim();
  // There are at least as many code units as characters.
  if (sent.length < NEAR) return null;
  const room = TEXT_MAX - lengthOf(sent);
  return room > TEXT_MAX - NEAR ? null : room;
}

/** Number of code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
