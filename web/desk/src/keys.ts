/** Single-key shortcuts. Keys with Alt, Ctrl or Cmd are left to the browser. */
export const SHORTCUTS = [
  { key: 'j', does: 'Next chat' },
  { key: 'k', does: 'Previous chat' },
  { key: 'c', does: 'Take the chat' },
  { key: 'r', does: 'Reply' },
  { key: 'i', does: 'Show or hide details' },
  { key: '?', does: 'Show this list' },
] as const;

export type Shortcut = (typeof SHORTCUTS)[number]['key'];

export interface KeyPress {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altGraph: boolean;
  repeat: boolean;
  /** Whether a field, a list or a dialog gets the key. */
  inField: boolean;
}

/** The shortcut of a key press, or null: then the focused element handles the key. */
export function shortcutOf(press: KeyPress, enabled: boolean): Shortcut | null {
  if (!enabled || press.inField || press.repeat) return null;
  if (press.altKey || press.ctrlKey || press.metaKey || press.altGraph) return null;
  return SHORTCUTS.find(({ key }) => key === press.key)?.key ?? null;
}

const TAKES_KEYS = 'input, textarea, select, dialog[open], [contenteditable]';

export function keyPressOf(event: KeyboardEvent): KeyPress {
  const path = event.composedPath();
  const field = path.some((node) => node instanceof Element && node.matches(TAKES_KEYS));
  return {
    key: event.key,
    altKey: event.altKey,
    ctrlKey: event.ctrlKey,
    metaKey: event.metaKey,
    altGraph: event.getModifierState('AltGraph'),
    repeat: event.repeat,
    inField: field || event.isComposing || event.defaultPrevented,
  };
}
