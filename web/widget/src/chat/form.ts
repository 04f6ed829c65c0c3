import { lengthOf } from '@baton/client/length';
import type { Field, Form, Parameters } from '@baton/client/rich';
import type { Strings } from '../strings.js';

/** The present value of one field: a text, a checkbox, or all checkboxes of a group. */
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

/** The text that the conversation shows for a form that was sent. */
export function labelOf({ action, title }: Form, strings: Strings): string {
  return (action.type === 'message' ? action.text : title || strings.form).trim();
}

/** The parameters that a form sends. Empty text fields and choices are left out. */
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

export type FieldError = 'missing' | 'wrong' | 'long' | null;

/** What is wrong with a field, or null. `valid` is the browser's own check of the control. */
export function fieldErrorOf(field: Field, entry: Entry | undefined, valid: boolean): FieldError {
  const empty = Array.isArray(entry) ? !entry.includes(true) : entry === '' || entry === false;
  if (!valid) return 'wrong';
  if (empty || entry === undefined) return field.required ? 'missing' : null;
  if (field.type !== 'text') return null;
  if (lengthOf(String(entry)) > field.charsMax) return 'long';
  return matches(field.pattern, String(entry)) ? null : 'wrong';
}

/** A pattern that is not a valid expression allows everything, as browsers do. */
function matches(pattern: string | undefined, text: string): boolean {
  if (!pattern) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}
