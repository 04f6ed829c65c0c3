/** Single keys that do something while nobody writes. Alt, Ctrl and Cmd stay with the browser. */
export const SHORTCUTS = [
  { key: 'j', does: 'Next chat' },
  { key: 'k', does: 'Previous chat' },
  { key: 'c', does: 'Take the chat' },
  { key: 'r', does: 'Reply' },
  { key: 'i', does: 'Show or hide details' },
  { key: '?', does: 'Show this list' },
] as const;

export type Shortcut = (typeof SHORTCUTS)[number]['key'];

export interface Press {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altGraph: boolean;
  repeat: boolean;
  /** Whether the key goes into a field, a list or a dialog. */
  taken: boolean;
}

/** The shortcut a key press means, or null: then it belongs to whoever has the focus. */
export function shortcutOf(press: Press, enabled: boolean): Shortcut | null {
  if (!enabled || press.taken || press.repeat) return null;
  if (press.altKey || press.ctrlKey || press.metaKey || press.altGraph) return null;
  return SHORTCUTS.find(({ key }) => key === press.key)?.key ?? null;
}

const TAKES_KEYS = 'input, textarea, select, dialog[open], [contenteditable]';

export function pressOf(event: KeyboardEvent): Press {
  const path = event.composedPath();
  const field = path.some((node) => node instanceof Element && node.matches(TAKES_KEYS));
  return {
    key: event.key,
    altKey: event.altKey,
    ctrlKey: event.ctrlKey,
    metaKey: event.metaKey,
    altGraph: event.getModifierState('AltGraph'),
    repeat: event.repeat,
    taken: field || event.isComposing || event.defaultPrevented,
  };
}
