import { html, nothing, type TemplateResult } from 'lit';
import { lengthOf } from '@baton/client/length';
import type { ChoiceField, Field, TextField } from '@baton/client/rich';
import type { Strings } from '../strings.js';
import type { Entry, FieldError } from './form.js';

export interface FieldState {
  at: number;
  entry: Entry | undefined;
  error: FieldError;
  strings: Strings;
  change(entry: Entry): void;
}

/** One field with its label, help and error. All three are linked to the control for readers. */
export function fieldView(field: Field, state: FieldState): TemplateResult {
  return html`<div class="field">
    ${controlView(field, state)}
    ${
      field.helper ? html`<p class="helper text" id=${`h${state.at}`}>${field.helper}</p>` : nothing
    }
    ${
      state.error
        ? html`<p class="fault text" id=${`e${state.at}`}>${errorText(field, state)}</p>`
        : nothing
    }
  </div>`;
}

function errorText(field: Field, { entry, error, strings }: FieldState): string {
  if (error === 'long' && field.type === 'text') {
    return strings.tooLong(lengthOf(String(entry)) - field.charsMax);
  }
  if (field.error) return field.error;
  if (error === 'missing') return strings.fieldMissing;
  return strings.fieldWrong(field.type === 'text' ? field.kind : '', field.label);
}

function controlView(field: Field, state: FieldState): TemplateResult {
  switch (field.type) {
    case 'checkbox':
      return html`<label class="tick">
        <input
          type="checkbox"
          data-field=${state.at}
          .checked=${state.entry === true}
          aria-required=${field.required ? 'true' : nothing}
          aria-invalid=${state.error ? 'true' : 'false'}
          aria-describedby=${described(field, state)}
          @change=${(event: Event) => state.change(box(event).checked)}
        />
        <span dir="auto">${labelView(field, state)}</span>
      </label>`;
    case 'checkboxes':
    case 'radio':
      return groupView(field, state);
    case 'select':
      return html`${nameView(field, state)}${selectView(field, state)}`;
    default:
      return html`${nameView(field, state)}${
        field.rows > 1 ? areaView(field, state) : lineView(field, state)
      }`;
  }
}

function nameView(field: Field, state: FieldState): TemplateResult {
  return html`<label class="label" dir="auto" for=${`f${state.at}`}
    >${labelView(field, state)}</label
  >`;
}

function labelView(field: Field, { strings }: FieldState): TemplateResult {
  return html`${field.label}${
    field.required
      ? html` <span aria-hidden="true">*</span><span class="off-screen">${strings.required}</span>`
      : nothing
  }`;
}

function described(field: Field, { at, error }: FieldState): string | typeof nothing {
  const ids = [field.helper ? `h${at}` : '', error ? `e${at}` : ''].filter(Boolean);
  return ids.length > 0 ? ids.join(' ') : nothing;
}

/** Kinds of text fields for which browsers have an input type. */
const KINDS = new Set(
  'color date datetime-local email month number password tel text time url week'.split(' '),
);

const box = (event: Event) => event.target as HTMLInputElement;

function lineView(field: TextField, state: FieldState): TemplateResult {
  return html`<input
    id=${`f${state.at}`}
    data-field=${state.at}
    class="control"
    type=${KINDS.has(field.kind) ? field.kind : 'text'}
    dir=${field.kind === 'text' ? 'auto' : nothing}
    placeholder=${field.placeholder ?? nothing}
    autocomplete=${field.autocomplete ?? 'on'}
    step=${field.kind === 'number' ? 'any' : nothing}
    .value=${String(state.entry ?? '')}
    aria-required=${field.required ? 'true' : nothing}
    aria-invalid=${state.error ? 'true' : 'false'}
    aria-describedby=${described(field, state)}
    @input=${(event: Event) => state.change(box(event).value)}
  />`;
}

function areaView(field: TextField, state: FieldState): TemplateResult {
  return html`<textarea
    id=${`f${state.at}`}
    data-field=${state.at}
    class="control"
    dir="auto"
    rows=${field.rows}
    placeholder=${field.placeholder ?? nothing}
    autocomplete=${field.autocomplete ?? 'on'}
    .value=${String(state.entry ?? '')}
    aria-required=${field.required ? 'true' : nothing}
    aria-invalid=${state.error ? 'true' : 'false'}
    aria-describedby=${described(field, state)}
    @input=${(event: Event) => state.change(box(event).value)}
  ></textarea>`;
}

function selectView(field: ChoiceField, state: FieldState): TemplateResult {
  return html`<select
    id=${`f${state.at}`}
    data-field=${state.at}
    class="control"
    aria-required=${field.required ? 'true' : nothing}
    aria-invalid=${state.error ? 'true' : 'false'}
    aria-describedby=${described(field, state)}
    @change=${(event: Event) => state.change(box(event).value)}
  >
    <option value="" ?selected=${state.entry === ''}>${state.strings.choose}</option>
    ${field.options.map(
      (option) =>
        html`<option value=${option.value} ?selected=${state.entry === option.value}>
          ${option.label}
        </option>`,
    )}
  </select>`;
}

/** The group has the label, the help and the error. `focus` goes to its first box. */
function groupView(field: ChoiceField, state: FieldState): TemplateResult {
  const one = field.type === 'radio';
  const ticks = Array.isArray(state.entry) ? state.entry : [];
  const tick = (n: number, on: boolean) =>
    state.change(field.options.map((_, m) => (m === n ? on : ticks[m] === true)));
  return html`<fieldset
    role=${one ? 'radiogroup' : 'group'}
    aria-labelledby=${`l${state.at}`}
    aria-required=${one && field.required ? 'true' : nothing}
    aria-invalid=${one && state.error ? 'true' : nothing}
    aria-describedby=${described(field, state)}
  >
    <p class="label" dir="auto" id=${`l${state.at}`}>${labelView(field, state)}</p>
    ${field.options.map(
      (option, n) =>
        html`<label class="tick">
          <input
            type=${one ? 'radio' : 'checkbox'}
            name=${`f${state.at}`}
            data-field=${state.at}
            .checked=${one ? state.entry === option.value : ticks[n] === true}
            @change=${(event: Event) =>
              one ? state.change(option.value) : tick(n, box(event).checked)}
          />
          <span dir="auto">${option.label}</span>
        </label>`,
    )}
  </fieldset>`;
}
