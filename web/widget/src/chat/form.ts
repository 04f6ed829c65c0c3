import type { Field, Form, Parameters } from '@baton/client/rich';
import type { Words } from '../words.js';

/** What was entered so far, one entry for each field: text, a tick, or the ticks of a group. */
export type Entry = string | boolean | boolean[];

export function entriesOf(form: Form): Entry[] {
  return form.fields.map((field) => {
    switch (field.type) {
      case 'checkbox':
        return field.checked;
      case 'checkboxes':
        return field.options.map((option) => option.chosen === true);
      case 'radio':
      case 'select':
        return field.options.find((option) => option.chosen)?.value ?? '';
      default:
        return '';
    }
  });
}

/** What the conversation shows when a form was sent. */
export function labelOf({ action, title }: Form, words: Words): string {
  return (action.type === 'message' ? action.text : title || words.form).trim();
}

/** The parameters a form sends. What was left empty is left out. */
export function valuesOf(form: Form, entries: readonly Entry[]): Parameters {
  const pairs = form.fields.flatMap((field, at): [string, unknown][] => {
    const entry = entries[at];
    if (field.type === 'checkboxes') {
      const ticks = Array.isArray(entry) ? entry : [];
      const own = field.options.map((option, n): [string, boolean] => [
        option.value,
        ticks[n] === true,
      ]);
      return [[field.parameter, Object.fromEntries(own)]];
    }
    if (field.type === 'checkbox') return [[field.parameter, entry === true]];
    return typeof entry === 'string' && entry !== '' ? [[field.parameter, entry]] : [];
  });
  return Object.fromEntries(pairs);
}

export type Fault = 'missing' | 'wrong' | null;

/** Whether a field may go out; `fits` is what the browser says of the kind of its text. */
export function faultOf(field: Field, entry: Entry | undefined, fits: boolean): Fault {
  const empty = Array.isArray(entry) ? !entry.includes(true) : entry === '' || entry === false;
  if (!fits) return 'wrong';
  if (empty || entry === undefined) return field.required ? 'missing' : null;
  if (field.type !== 'text') return null;
  return matches(field.pattern, String(entry)) ? null : 'wrong';
}

/** A pattern that is none forbids nothing, as in a browser. */
function matches(pattern: string | undefined, text: string): boolean {
  if (!pattern) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}
